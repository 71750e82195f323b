// SPDX-License-Identifier: GPL-2.0
/*
 * terminal: descriptors of the caller's terminal, for programs started from a shell
 * (--shell-job). At restore they are opened anew on the terminal that criu itself has as
 * standard input, output or error; its settings and foreground group become the program's.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <asm/termbits.h>
#include <unistd.h>

#include "model/context.h"
#include "files/collection.h"
#include "files/files.h"
#include "files/plan.h"
#include "image/record.h"
#include "support/cleanup.h"
#include "support/options.h"

enum { SLAVE_MAJOR = 136, CONTROL_CHARACTERS = 19 };

struct terminal_collection {
	TtyInfoEntry **entries;
	size_t count, capacity;
};

struct terminal_plan {
	TtyInfoEntry **entries;
	size_t count;
	char name[64]; /* of the caller's terminal */
};

static TermiosEntry *termios_entry(struct arena *arena, const struct termios *in)
{
	TermiosEntry *entry = new_message(arena, termios_entry);

	entry->c_iflag = in->c_iflag, entry->c_oflag = in->c_oflag;
	entry->c_cflag = in->c_cflag, entry->c_lflag = in->c_lflag;
	entry->c_line = in->c_line;
	entry->n_c_cc = CONTROL_CHARACTERS;
	entry->c_cc = arena_array(arena, uint32_t, CONTROL_CHARACTERS);
	for (int i = 0; i < CONTROL_CHARACTERS; i++)
		entry->c_cc[i] = in->c_cc[i];
	return entry;
}

static struct error *dump_info(struct dump *dump, const struct open_fd *fd, uint32_t id)
{
	struct terminal_collection *terminals = dump->files->terminals;
	TtyInfoEntry *entry;
	struct termios settings, locked;
	struct winsize size;
	int session = 0, group = 0;

	if (!terminals)
		terminals = dump->files->terminals = arena_new(dump->arena, struct terminal_collection);
	for (size_t i = 0; i < terminals->count; i++)
		if (terminals->entries[i]->id == id)
			return NULL;
	if (ioctl(fd->fd, TCGETS, &settings) || ioctl(fd->fd, TIOCGLCKTRMIOS, &locked) ||
	    ioctl(fd->fd, TIOCGWINSZ, &size))
		return with_hint(fail_errno("could not read the terminal's settings"),
				 "The terminal may have hung up.");
	ioctl(fd->fd, TIOCGSID, &session);
	ioctl(fd->fd, TIOCGPGRP, &group);
	entry = new_message(dump->arena, tty_info_entry);
	entry->id = id;
	entry->type = TTY_TYPE__PTY;
	entry->sid = session;
	entry->pgrp = group;
	entry->rdev = fd->stat.st_rdev;
	entry->termios = termios_entry(dump->arena, &settings);
	entry->termios_locked = termios_entry(dump->arena, &locked);
	entry->winsize = new_message(dump->arena, winsize_entry);
	entry->winsize->ws_row = size.ws_row, entry->winsize->ws_col = size.ws_col;
	entry->winsize->ws_xpixel = size.ws_xpixel, entry->winsize->ws_ypixel = size.ws_ypixel;
	entry->pty = new_message(dump->arena, tty_pty_entry);
	entry->pty->index = id >> 1;
	SET(entry, uid, fd->stat.st_uid);
	SET(entry, gid, fd->stat.st_gid);
	*arena_append(dump->arena, terminals->entries, terminals->count, terminals->capacity) = entry;
	return NULL;
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	RegFileEntry *path = new_message(dump->arena, reg_file_entry);
	unsigned index;

	if (!dump->criu->options->shell_job)
		return with_hint(fail("%s is a terminal outside of the tree", fd->link),
				 "Use --shell-job for a program that was started from a shell.");
	if (sscanf(fd->link, "/dev/pts/%u", &index) != 1)
		return with_hint(fail("the terminal %s is no pseudo terminal", fd->link),
				 "Run the program in a terminal window, screen or tmux.");
	out->tty = new_message(dump->arena, tty_file_entry);
	out->tty->tty_info_id = index << 1;
	path->id = files_next_id(dump);
	path->flags = fd->flags;
	path->fown = new_message(dump->arena, fown_entry);
	SET(path, mode, fd->stat.st_mode);
	path->name = arena_string(dump->arena, fd->link);
	SET(out->tty, regf_id, path->id);
	file_entry_new(dump, FD_TYPES__REG, path->id)->reg = path;
	return dump_info(dump, fd, index << 1);
}

struct error *terminal_write(struct dump *dump)
{
	const struct terminal_collection *terminals = dump->files->terminals;
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(dump->criu->images, IMAGE_TTY_INFO, 0, &writer));
	for (size_t i = 0; terminals && i < terminals->count; i++)
		TRY(image_write(writer, &terminals->entries[i]->base));
	return image_close(take_pointer(writer));
}

/* ---- restore ---- */

static struct error *find_own_terminal(char *name, size_t size)
{
	for (int fd = 0; fd < 3; fd++) {
		char path[32];
		ssize_t length;

		if (!isatty(fd))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, name, size - 1);
		if (length < 0)
			return fail_errno("could not find the terminal's name");
		name[length] = '\0';
		return NULL;
	}
	return with_hint(fail("criu has no terminal to give to the program"),
			 "Run criu restore --shell-job from a terminal.");
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	struct terminal_plan *terminals = restore->files->terminals;

	if (!restore->criu->options->shell_job)
		return with_hint(fail("cannot restore a terminal that was outside of the tree"),
				 "Use --shell-job to give the program the terminal that criu is called from.");
	if (!terminals) {
		ProtobufCMessage **entries;

		terminals = restore->files->terminals = arena_new(restore->arena, struct terminal_plan);
		TRY(image_read_all(restore->criu->images, IMAGE_TTY_INFO, 0, restore->arena, &entries,
				   &terminals->count));
		terminals->entries = (TtyInfoEntry **)entries;
		TRY(find_own_terminal(terminals->name, sizeof(terminals->name)));
	}
	for (size_t i = 0; i < terminals->count; i++)
		if (terminals->entries[i]->id == file->entry->tty->tty_info_id) {
			file->kind_data = terminals->entries[i];
			return NULL;
		}
	return fail("the image is damaged: terminal %u has no description", file->entry->tty->tty_info_id);
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	int access = file->entry->tty->flags & O_ACCMODE;

	*ret_fd = open(restore->files->terminals->name, access | O_NOCTTY | O_CLOEXEC);
	return *ret_fd < 0 ? fail_errno("could not open the terminal %s", restore->files->terminals->name) : NULL;
}

/* Settings and foreground group, by a member of the session; all signals are blocked there, so
 * that a background process is not stopped for it. */
static struct error *adopt(struct restore *restore, struct planned_file *file, struct task *task, int number)
{
	const TtyInfoEntry *info = file->kind_data;
	const TermiosEntry *in = info->termios;
	int group = info->pgrp;

	if (in && in->n_c_cc >= CONTROL_CHARACTERS) {
		struct termios settings = { .c_iflag = in->c_iflag,
					    .c_oflag = in->c_oflag,
					    .c_cflag = in->c_cflag,
					    .c_lflag = in->c_lflag,
					    .c_line = in->c_line };

		for (int i = 0; i < CONTROL_CHARACTERS; i++)
			settings.c_cc[i] = in->c_cc[i];
		if (ioctl(number, TCSETS, &settings))
			return fail_errno("could not set up the terminal");
	}
	for (size_t i = 0; group && i < restore->snapshot->task_count; i++)
		if (restore->snapshot->tasks[i]->pgid == group && !restore->snapshot->tasks[i]->helper)
			return ioctl(number, TIOCSPGRP, &group) && errno != ENOTTY
				   ? fail_errno("could not bring group %d to the foreground", group)
				   : NULL;
	return NULL;
}

const struct file_kind terminal_kind = {
	.name = "terminal",
	.type = FD_TYPES__TTY,
	.entry = offsetof(FileEntry, tty),
	.match = { .mode = S_IFCHR, .device_major = SLAVE_MAJOR },
	.dump = dump,
	.plan = plan,
	.create = create,
	.adopt = adopt,
};

const struct file_kind current_terminal_kind = {
	.name = "current_terminal",
	.match = { .mode = S_IFCHR, .device_major = 5 },
	.unsupported = "is a console, a pseudo terminal's master or /dev/tty, which cannot be saved yet",
	.hint = "Close it before the dump.",
};
