// SPDX-License-Identifier: GPL-2.0
/*
 * Where each terminal comes from: a new pair, the caller's terminal, a descriptor of the caller,
 * or a device. Main, before any fork, no side effects.
 */
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "files/inherited.h"
#include "files/terminal/session.h"
#include "files/terminal/terminal.h"
#include "image/record.h"
#include "model/context.h"
#include "support/options.h"

const TtyInfoEntry *terminal_info(const struct planned_file *file)
{
	return file->kind_data;
}

bool terminal_is_hung_up(const TtyInfoEntry *info)
{
	return !info->termios && !info->winsize && info->type != TTY_TYPE__EXT_TTY;
}

static struct error *read_images(struct restore *restore)
{
	struct terminal_plan *plan = restore->files->terminals;
	ProtobufCMessage **entries;

	if (plan)
		return NULL;
	plan = restore->files->terminals = arena_new(restore->arena, struct terminal_plan);
	TRY(image_read_all(restore->criu->images, IMAGE_TTY_INFO, 0, restore->arena, &entries, &plan->info_count));
	plan->infos = (TtyInfoEntry **)entries;
	TRY(image_read_all(restore->criu->images, IMAGE_TTY_DATA, 0, restore->arena, &entries, &plan->data_count));
	plan->data = (TtyDataEntry **)entries;
	return NULL;
}

struct error *terminal_plan(struct restore *restore, struct planned_file *file)
{
	struct terminal_plan *plan;

	TRY(read_images(restore));
	plan = restore->files->terminals;
	for (size_t i = 0; i < plan->info_count && !file->kind_data; i++)
		if (plan->infos[i]->id == file->entry->tty->tty_info_id)
			file->kind_data = plan->infos[i];
	if (!file->kind_data)
		return fail("the image is damaged: terminal %u has no description", file->entry->tty->tty_info_id);
	*arena_append(restore->arena, plan->files, plan->file_count, plan->file_capacity) = file;
	return NULL;
}

/* ---- which descriptions are one terminal ---- */

static unsigned index_of(const TtyInfoEntry *info)
{
	return info->pty ? info->pty->index : info->type == TTY_TYPE__PTY ? info->id >> 1 : ~0u;
}

/* /dev/tty is the terminal of its number, which may be outside; or, without a number, that of its session. */
static bool is_current_of(const TtyInfoEntry *current, const TtyInfoEntry *info)
{
	if (info->type == TTY_TYPE__EXT_TTY && current->pty)
		return info->rdev == makedev(SLAVE_MAJOR, current->pty->index);
	return current->pty ? current->pty->index == index_of(info) : current->sid && current->sid == info->sid;
}

static struct planned_terminal *find(const struct restore *restore, const TtyInfoEntry *info)
{
	const struct terminal_plan *plan = restore->files->terminals;

	for (size_t i = 0; i < plan->count; i++) {
		struct planned_terminal *terminal = &plan->items[i];
		const TtyInfoEntry *known = terminal->slave ?: terminal->master;

		if (known == info || (known->type == TTY_TYPE__PTY && info->type == TTY_TYPE__PTY &&
				      index_of(known) == index_of(info)))
			return terminal;
		if (info->type == TTY_TYPE__CTTY && (known->type == TTY_TYPE__PTY || known->type == TTY_TYPE__EXT_TTY) &&
		    is_current_of(info, known))
			return terminal;
	}
	return NULL;
}

struct planned_terminal *terminal_of(const struct restore *restore, const struct planned_file *file)
{
	return find(restore, terminal_info(file));
}

struct planned_terminal *terminal_of_session(const struct restore *restore, pid_t sid)
{
	const struct terminal_plan *plan = restore->files->terminals;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].leader && plan->items[i].leader->sid == sid)
			return &plan->items[i];
	return NULL;
}

static struct error *check_info(const TtyInfoEntry *info)
{
	enum { MAX_INDEX = 1 << 20 };

	if (info->type == TTY_TYPE__PTY && index_of(info) >= MAX_INDEX)
		return fail("the image is damaged: pseudo terminal %u", index_of(info));
	if (info->termios && info->termios->n_c_cc < 19)
		return fail("the image is damaged: terminal %u has %zu control characters", info->id,
			    info->termios->n_c_cc);
	return NULL;
}

/* Live ends first, so that what hung up finds the terminal that lives on under its number. */
static struct error *gather(struct restore *restore, bool current, bool hung_up)
{
	struct terminal_plan *plan = restore->files->terminals;

	for (size_t i = 0; i < plan->info_count; i++) {
		const TtyInfoEntry *info = plan->infos[i];
		struct planned_terminal *terminal;

		if (terminal_is_hung_up(info) != hung_up || (info->type == TTY_TYPE__CTTY) != current)
			continue;
		TRY(check_info(info));
		terminal = find(restore, info);
		if (!terminal) {
			terminal = &plan->items[plan->count++];
			*terminal = (struct planned_terminal){ .master_fd = -1, .slave_fd = -1 };
			terminal->index = index_of(info);
		}
		if (info->type == TTY_TYPE__PTY && info->id & 1)
			terminal->master = terminal->master ?: info;
		else
			terminal->slave = terminal->slave ?: info;
	}
	return NULL;
}

/* ---- where it comes from ---- */

static void note_uses(struct restore *restore)
{
	struct terminal_plan *plan = restore->files->terminals;

	for (size_t i = 0; i < plan->file_count; i++) {
		struct planned_terminal *terminal = terminal_of(restore, plan->files[i]);
		const TtyInfoEntry *info = terminal_info(plan->files[i]);

		if (info == terminal->master)
			terminal->master_used = true;
		else
			terminal->slave_used = true;
		if (!terminal_is_hung_up(info))
			terminal->by_name = true;
	}
}

static void find_leader(struct restore *restore, struct planned_terminal *terminal)
{
	const TtyInfoEntry *info = terminal->slave ?: terminal->master;
	struct task *task = info->sid ? snapshot_task(restore->snapshot, info->sid) : NULL;

	if (!task || task->helper || task->state == TASK_DEAD || task->sid != task->pid || terminal_is_hung_up(info))
		return;
	terminal->leader = task;
	terminal->by_name = true;
}

static struct error *decide_orphan(struct restore *restore, struct planned_terminal *terminal)
{
	if (inherited_find(restore, ORPHAN_KEY) < 0)
		return with_hint(fail("nobody takes the master of pseudo terminal %u", terminal->index),
				 "Give a connected unix socket: --inherit-fd fd[N]:" ORPHAN_KEY "; the master is sent "
				 "over it.");
	terminal->source = TERMINAL_ORPHAN;
	return NULL;
}

static struct error *refuse(const struct planned_terminal *terminal)
{
	if (terminal->slave->type == TTY_TYPE__EXT_TTY)
		return with_hint(fail("the terminal %s is outside of the images", terminal->key),
				 "Name its replacement: --inherit-fd fd[N]:%s", terminal->key);
	if (terminal->leader)
		return with_hint(fail("session %d was on pseudo terminal %u, whose master was outside of the tree",
				      terminal->leader->pid, terminal->index),
				 "Use --orphan-pts-master for a new one, or name a replacement: --inherit-fd fd[N]:%s",
				 terminal->key);
	return with_hint(fail("cannot restore a terminal that was outside of the tree"),
			 "Use --shell-job to give the program the terminal that criu is called from, or name a "
			 "replacement: --inherit-fd fd[N]:%s",
			 terminal->key);
}

static struct error *decide(struct restore *restore, struct planned_terminal *terminal)
{
	const struct options *options = restore->criu->options;
	const TtyInfoEntry *slave = terminal->slave;

	find_leader(restore, terminal);
	if (terminal->master_used || (slave && terminal_is_hung_up(slave) && !terminal->master) ||
	    (!terminal->slave_used && !terminal->leader))
		return NULL; /* TERMINAL_PAIR */
	slave = slave ?: terminal->master;
	terminal->key = arena_format(restore->arena, "tty[%x:%x]", slave->rdev, slave->has_dev ? slave->dev : 0);
	if (inherited_find(restore, terminal->key) >= 0)
		terminal->source = TERMINAL_INHERITED;
	else if (slave->type == TTY_TYPE__CONSOLE || slave->type == TTY_TYPE__VT || slave->type == TTY_TYPE__SERIAL)
		terminal->source = TERMINAL_DEVICE;
	else if (slave->type != TTY_TYPE__EXT_TTY && options->orphan_pts_master)
		return decide_orphan(restore, terminal);
	else if (slave->type != TTY_TYPE__EXT_TTY && options->shell_job && !terminal->leader)
		terminal->source = TERMINAL_CALLER;
	else
		return refuse(terminal);
	return NULL;
}

struct error *terminals_plan(struct restore *restore)
{
	struct terminal_plan *plan;

	TRY(read_images(restore));
	plan = restore->files->terminals;
	plan->items = arena_array(restore->arena, struct planned_terminal, plan->info_count);
	TRY(gather(restore, false, false));
	TRY(gather(restore, true, false));
	TRY(gather(restore, false, true));
	TRY(gather(restore, true, true));
	note_uses(restore);
	for (size_t i = 0; i < plan->count; i++)
		TRY(decide(restore, &plan->items[i]));
	return NULL;
}
