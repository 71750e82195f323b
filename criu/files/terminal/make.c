// SPDX-License-Identifier: GPL-2.0
/*
 * The terminals themselves. Main makes them before the first fork; newborns and opener have main's
 * descriptors under the same numbers, and main closes its own as soon as all is handed over.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/inherited.h"
#include "files/terminal/session.h"
#include "files/terminal/terminal.h"
#include "model/context.h"
#include "model/keep.h"
#include "support/cleanup.h"
#include "support/file.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

enum {
	MAX_SPARE = 4096,
	STACK = 16384,
	KERNEL_LARGEFILE = 0100000, /* as fcntl() shows it; open() always sets it */
};

static bool is_made_here(const struct planned_terminal *terminal)
{
	return terminal->source == TERMINAL_PAIR || terminal->source == TERMINAL_ORPHAN;
}

/* ---- masters with their numbers ---- */

static struct error *open_master(int *fd, unsigned *index)
{
	*fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0)
		return with_hint(fail_errno("could not make a pseudo terminal"),
				 "There must be a free one (/proc/sys/kernel/pty/max) and a /dev/ptmx.");
	return ioctl(*fd, TIOCGPTN, index) ? fail_errno("could not read a pseudo terminal's number") : NULL;
}

/* The same number exists once in each instance of devpts. */
static bool same_mounts(pid_t pid)
{
	struct stat own, other;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return !stat(path, &other) && !stat("/proc/self/ns/mnt", &own) && own.st_ino == other.st_ino;
}

/* Of a slave the link tells which pseudo terminal it is, of a master fdinfo does. */
static bool is_end_of(pid_t pid, const char *number, unsigned index)
{
	cleanup_free char *info = NULL, *link = NULL;
	char path[64], wanted[32];

	snprintf(path, sizeof(path), "/proc/%d/fd/%.16s", pid, number);
	snprintf(wanted, sizeof(wanted), "/dev/pts/%u", index);
	error_free(read_link_at(AT_FDCWD, path, &link));
	if (link) /* without its master it is deleted and still has the number */
		link[strcspn(link, " ")] = '\0';
	if (link && !strcmp(link, wanted))
		return true;
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", pid, number);
	snprintf(wanted, sizeof(wanted), "tty-index:\t%u\n", index);
	error_free(read_file_at(AT_FDCWD, path, &info, NULL));
	return info && strstr(info, wanted);
}

static bool holds(pid_t pid, unsigned index)
{
	cleanup_closedir DIR *directory = NULL;
	struct dirent *entry;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		if (is_end_of(pid, entry->d_name, index))
			return true;
	return false;
}

static struct error *name_holder(unsigned index)
{
	cleanup_closedir DIR *processes = opendir("/proc");
	struct dirent *entry;

	while (processes && (entry = readdir(processes))) {
		pid_t pid = atoi(entry->d_name);
		cleanup_free char *path = NULL, *name = NULL;

		if (pid <= 0 || pid == getpid() || !same_mounts(pid) || !holds(pid, index))
			continue;
		if (asprintf(&path, "/proc/%d/comm", pid) < 0)
			return out_of_memory();
		error_free(read_file_at(AT_FDCWD, path, &name, NULL));
		if (name)
			name[strcspn(name, "\n")] = '\0';
		return with_hint(fail("pseudo terminal %u is taken by process %d (%s)", index, pid, name ?: "?"),
				 "Programs know terminals by number. End that process, or restore where the number is free.");
	}
	return with_hint(fail("pseudo terminal %u is taken", index),
			 "Programs know terminals by number. Restore where the number is free.");
}

static struct planned_terminal *wanting(struct terminal_plan *plan, unsigned index)
{
	for (size_t i = 0; i < plan->count; i++)
		if (is_made_here(&plan->items[i]) && plan->items[i].index == index && plan->items[i].master_fd < 0)
			return &plan->items[i];
	return NULL;
}

static size_t missing(const struct terminal_plan *plan, unsigned *highest)
{
	size_t count = 0;

	*highest = 0;
	for (size_t i = 0; i < plan->count; i++) {
		const struct planned_terminal *terminal = &plan->items[i];

		if (!is_made_here(terminal) || terminal->master_fd >= 0 || !terminal->by_name)
			continue;
		count++;
		*highest = terminal->index > *highest ? terminal->index : *highest;
	}
	return count;
}

/* The kernel gives the lowest free number: whatever is below a wanted one is opened and closed again. */
static struct error *sweep(struct terminal_plan *plan, int *spare, size_t *spare_count)
{
	unsigned index = 0, highest;

	while (missing(plan, &highest)) {
		struct planned_terminal *terminal;
		int fd;

		TRY(open_master(&fd, &index));
		terminal = wanting(plan, index);
		if (terminal)
			terminal->master_fd = fd;
		else if (*spare_count < MAX_SPARE)
			spare[(*spare_count)++] = fd;
		if (index > highest || *spare_count == MAX_SPARE)
			break;
	}
	for (size_t i = 0; i < plan->count; i++)
		if (is_made_here(&plan->items[i]) && plan->items[i].by_name && plan->items[i].master_fd < 0)
			return name_holder(plan->items[i].index);
	return NULL;
}

static struct error *make_masters(struct restore *restore)
{
	struct terminal_plan *plan = restore->files->terminals;
	cleanup_free int *spare = calloc(MAX_SPARE, sizeof(int));
	size_t spare_count = 0;
	struct error *error;

	if (!spare)
		return out_of_memory();
	error = sweep(plan, spare, &spare_count);
	for (size_t i = 0; i < spare_count; i++)
		close(spare[i]);
	for (size_t i = 0; i < plan->count && !error; i++) {
		struct planned_terminal *terminal = &plan->items[i];

		if (!is_made_here(terminal))
			continue;
		if (terminal->master_fd < 0) /* what hung up has no name any more: any number will do */
			error = open_master(&terminal->master_fd, &terminal->index);
		if (!error)
			error = keep_descriptor(restore, &terminal->master_fd);
	}
	return error;
}

/* ---- /dev/tty: what it leads to is decided by the session of who opens it ---- */

struct current_request {
	int slave, fd;
	int flags;
};

/* A process of its own for a moment, with our memory and descriptors: its session has the terminal. */
static int open_in_session(void *argument)
{
	struct current_request *request = argument;

	if (setsid() < 0 || ioctl(request->slave, TIOCSCTTY, 0))
		return 1;
	request->fd = open("/dev/tty", request->flags | O_NOCTTY | O_CLOEXEC);
	return request->fd < 0;
}

static struct error *open_current(struct restore *restore, const struct planned_terminal *terminal,
				  struct planned_file *file)
{
	struct current_request request = { terminal->slave_fd, -1, file->entry->tty->flags & O_ACCMODE };
	cleanup_free char *stack = NULL;
	unsigned device = 0;
	int status;
	pid_t pid;

	/* The end of a session hangs up every terminal that is no pseudo terminal. */
	if (terminal->source == TERMINAL_INHERITED && (ioctl(terminal->slave_fd, TIOCGDEV, &device) || major(device) != SLAVE_MAJOR))
		return with_hint(fail("/dev/tty cannot be opened on the terminal that is given for %s", terminal->key),
				 "Give a pseudo terminal.");
	if (terminal->source == TERMINAL_CALLER) {
		request.fd = open("/dev/tty", request.flags | O_NOCTTY | O_CLOEXEC);
	} else {
		stack = malloc(STACK);
		if (!stack)
			return out_of_memory();
		pid = clone(open_in_session, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &request);
		if (pid < 0)
			return fail_errno("could not make a session for /dev/tty");
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (request.fd < 0)
		return with_hint(fail("could not open /dev/tty"),
				 "criu must be called from the terminal that the program is to have.");
	file->fd = request.fd;
	return keep_descriptor(restore, &file->fd);
}

/* ---- slaves ---- */

static struct error *open_slave(int master, int *fd)
{
	*fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	return *fd < 0 ? fail_errno("could not open the pseudo terminal") : NULL;
}

/* One more description of a slave. open() sets O_LARGEFILE, which a program can see; TIOCGPTPEER does not,
 * but would show O_CLOEXEC. */
static struct error *open_again(const struct planned_terminal *terminal, int slave, uint32_t flags, int *fd)
{
	int access = flags & O_ACCMODE;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", slave);
	*fd = is_made_here(terminal) && !(flags & KERNEL_LARGEFILE)
		  ? ioctl(terminal->master_fd, TIOCGPTPEER, access | O_NOCTTY)
		  : open(path, access | O_NOCTTY | O_CLOEXEC);
	return *fd < 0 ? fail_errno("could not open the terminal") : NULL;
}

/* Descriptors that hung up: opened first, then the terminal hangs up, and lives on for those after it. */
static struct error *make_hung_up(struct restore *restore, const struct planned_terminal *terminal)
{
	const struct terminal_plan *plan = restore->files->terminals;
	cleanup_close int slave = -1;
	bool any = false;

	TRY(open_slave(terminal->master_fd, &slave));
	for (size_t i = 0; i < plan->file_count; i++) {
		struct planned_file *file = plan->files[i];

		if (!terminal_is_hung_up(terminal_info(file)) || terminal_of(restore, file) != terminal)
			continue;
		any = true;
		if (terminal_info(file)->type == TTY_TYPE__CTTY) {
			struct planned_terminal with_slave = *terminal;

			with_slave.slave_fd = slave;
			TRY(open_current(restore, &with_slave, file));
			continue;
		}
		TRY(open_again(terminal, slave, file->entry->tty->flags, &file->fd));
		TRY(keep_descriptor(restore, &file->fd));
	}
	return any && ioctl(slave, TIOCVHANGUP) ? fail_errno("could not hang up a terminal") : NULL;
}

static const TtyDataEntry *data_of(const struct terminal_plan *plan, const TtyInfoEntry *info)
{
	for (size_t i = 0; info && i < plan->data_count; i++)
		if (plan->data[i]->tty_id == info->id)
			return plan->data[i];
	return NULL;
}

static bool has_hung_up(const struct restore *restore, const struct planned_terminal *terminal)
{
	const struct terminal_plan *plan = restore->files->terminals;

	for (size_t i = 0; i < plan->file_count; i++)
		if (terminal_is_hung_up(terminal_info(plan->files[i])) && terminal_of(restore, plan->files[i]) == terminal)
			return true;
	return false;
}

static bool needs_slave(const struct terminal_plan *plan, const struct planned_terminal *terminal)
{
	return terminal->slave_used || terminal->leader || (terminal->master && terminal->master->slave_closed) ||
	       data_of(plan, terminal->slave) || data_of(plan, terminal->master);
}

static struct error *own_slave(const struct planned_terminal *terminal, const struct restore *restore)
{
	const TtyInfoEntry *info = terminal->slave;
	const struct planned_file *path = NULL;
	const struct terminal_plan *plan = restore->files->terminals;

	if (info->has_uid && info->has_gid && fchown(terminal->slave_fd, info->uid, info->gid))
		return fail_errno("could not set the terminal's owner");
	for (size_t i = 0; i < plan->file_count && !path; i++)
		if (terminal_info(plan->files[i]) == info && plan->files[i]->entry->tty->has_regf_id)
			path = planned_file_find(restore, plan->files[i]->entry->tty->regf_id, FD_TYPES__REG);
	if (path && path->entry->reg->has_mode && fchmod(terminal->slave_fd, path->entry->reg->mode & 07777))
		return fail_errno("could not set the terminal's mode");
	return NULL;
}

/* Settings come last, so that input is not processed a second time; packet mode after them, so that
 * the changes are not reported. */
static struct error *settle(struct restore *restore, const struct planned_terminal *terminal)
{
	const struct terminal_plan *plan = restore->files->terminals;
	const TtyInfoEntry *info = terminal->slave ?: terminal->master;
	const TtyDataEntry *to_slave = data_of(plan, terminal->slave), *to_master = data_of(plan, terminal->master);
	int any = terminal->slave_fd >= 0 ? terminal->slave_fd : terminal->master_fd, on = 1;

	TRY(terminal_size_write(any, info));
	TRY(terminal_settings_write(any, info, true));
	if (to_slave)
		TRY(terminal_input_write(terminal->slave_fd, false, terminal->master_fd, to_slave));
	if (to_master)
		TRY(terminal_input_write(terminal->master_fd, true, terminal->slave_fd, to_master));
	if (terminal->master && terminal->master->stopped && terminal->slave_fd >= 0)
		TRY(terminal_stop(terminal->slave_fd));
	if (terminal->slave && terminal->slave->exclusive && ioctl(terminal->slave_fd, TIOCEXCL))
		return fail_errno("could not make the terminal exclusive");
	if (terminal->master && terminal->master->exclusive && ioctl(terminal->master_fd, TIOCEXCL))
		return fail_errno("could not make the terminal exclusive");
	if (terminal->master && terminal->master->packet_mode && ioctl(terminal->master_fd, TIOCPKT, &on))
		return fail_errno("could not set the terminal's packet mode");
	return NULL;
}

static struct error *finish_pair(struct restore *restore, struct planned_terminal *terminal)
{
	int unlocked = 0;

	if (ioctl(terminal->master_fd, TIOCSPTLCK, &unlocked))
		return fail_errno("could not unlock a pseudo terminal");
	if (has_hung_up(restore, terminal))
		TRY(make_hung_up(restore, terminal));
	if (terminal_is_hung_up(terminal->slave ?: terminal->master))
		return NULL;
	if (needs_slave(restore->files->terminals, terminal)) {
		TRY(open_slave(terminal->master_fd, &terminal->slave_fd));
		TRY(keep_descriptor(restore, &terminal->slave_fd));
		if (terminal->slave && terminal->slave->type == TTY_TYPE__PTY)
			TRY(own_slave(terminal, restore));
	}
	return settle(restore, terminal);
}

/* ---- terminals that are there already ---- */

static struct error *open_callers(struct restore *restore, struct planned_terminal *terminal)
{
	for (int fd = 0; fd < 3; fd++) {
		char path[32];

		if (!isatty(fd))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		terminal->slave_fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (terminal->slave_fd < 0)
			return fail_errno("could not open criu's own terminal");
		return keep_descriptor(restore, &terminal->slave_fd);
	}
	return with_hint(fail("criu has no terminal to give to the program"),
			 "Run criu restore --shell-job from a terminal.");
}

static struct error *open_inherited(struct restore *restore, struct planned_terminal *terminal)
{
	TRY(inherited_duplicate(restore, terminal->key, &terminal->slave_fd));
	if (!isatty(terminal->slave_fd))
		return with_hint(fail("the descriptor given for %s is no terminal", terminal->key),
				 "Give the slave of a pseudo terminal, or another terminal.");
	return keep_descriptor(restore, &terminal->slave_fd);
}

static struct error *make(struct restore *restore, struct planned_terminal *terminal)
{
	switch (terminal->source) {
	case TERMINAL_PAIR:
	case TERMINAL_ORPHAN:
		return finish_pair(restore, terminal);
	case TERMINAL_CALLER:
		return open_callers(restore, terminal);
	case TERMINAL_INHERITED:
		return open_inherited(restore, terminal);
	case TERMINAL_DEVICE:
		break; /* by the opener */
	}
	return NULL;
}

struct error *terminals_make(struct restore *restore)
{
	struct terminal_plan *plan = restore->files->terminals;

	if (!plan->count)
		return NULL;
	TRY(make_masters(restore));
	for (size_t i = 0; i < plan->count; i++)
		TRY(with_context(make(restore, &plan->items[i]), "terminal %u", plan->items[i].index));
	for (size_t i = 0; i < plan->file_count; i++) {
		struct planned_file *file = plan->files[i];

		if (terminal_info(file)->type == TTY_TYPE__CTTY && !terminal_is_hung_up(terminal_info(file)))
			TRY(open_current(restore, terminal_of(restore, file), file));
		else if (terminal_info(file) == terminal_of(restore, file)->master)
			file->fd = terminal_of(restore, file)->master_fd;
	}
	return NULL;
}

/* ---- the opener ---- */

struct error *terminal_create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	const struct planned_terminal *terminal = terminal_of(restore, file);
	uint32_t flags = file->entry->tty->flags;

	if (terminal->source == TERMINAL_DEVICE) {
		const struct planned_file *regular =
		    planned_file_find(restore, file->entry->tty->regf_id, FD_TYPES__REG);

		if (!regular)
			return fail("the image is damaged: a terminal has no path");
		*ret_fd = open(regular->entry->reg->name, (flags & O_ACCMODE) | O_NOCTTY | O_CLOEXEC);
		return *ret_fd < 0 ? fail_errno("could not open %s", regular->entry->reg->name) : NULL;
	}
	return open_again(terminal, terminal->slave_fd, flags, ret_fd);
}

/* Everybody has it open now. */
struct error *terminal_fill(struct restore *restore, struct planned_file *file)
{
	const struct planned_terminal *terminal = terminal_of(restore, file);
	int locked = 1;

	if (terminal_info(file) == terminal->master && terminal->master->locked &&
	    ioctl(file->fd, TIOCSPTLCK, &locked))
		return fail_errno("could not lock the pseudo terminal");
	return NULL;
}
