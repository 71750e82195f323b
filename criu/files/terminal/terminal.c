// SPDX-License-Identifier: GPL-2.0
/*
 * terminal: pseudo terminals, /dev/tty and consoles at dump. Here each descriptor becomes a file
 * entry, and each end of a terminal one description of its state (tty_info_entry). What needs the
 * whole tree in view comes in dump_late(): sessions, ends that are outside, unread input.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/external.h"
#include "files/files.h"
#include "files/terminal/terminal.h"
#include "image/record.h"
#include "kernel/proc/stat.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "support/options.h"

/* One end of a terminal, or what is outside of the tree. */
struct terminal_end {
	TtyInfoEntry *info;
	int fd;			 /* our copy; -1 */
	const char *name;	 /* for messages */
	const struct task *task; /* who has it open; NULL: nobody */
	int number;
	unsigned device; /* of /dev/tty, /dev/console and others from outside: what they lead to */
};

struct terminal_collection {
	struct terminal_end *ends;
	size_t count, capacity;
	TtyDataEntry **data;
	size_t data_count, data_capacity;
	TtyFileEntry **hung_up;
	size_t hung_up_count, hung_up_capacity;
	dev_t device; /* of /dev/pts */
};

static struct terminal_collection *collection(struct dump *dump)
{
	struct terminal_collection *all = dump->files->terminals;
	struct stat stat_buffer;

	if (!all) {
		all = dump->files->terminals = arena_new(dump->arena, struct terminal_collection);
		if (!stat("/dev/pts", &stat_buffer))
			all->device = stat_buffer.st_dev;
	}
	return all;
}

static struct terminal_end *find_end(struct dump *dump, uint32_t id)
{
	struct terminal_collection *all = collection(dump);

	for (size_t i = 0; i < all->count; i++)
		if (all->ends[i].info->id == id)
			return &all->ends[i];
	return NULL;
}

static struct terminal_end *add_end(struct dump *dump, uint32_t id, TtyType type, uint32_t rdev)
{
	struct terminal_collection *all = collection(dump);
	struct terminal_end *end = arena_append(dump->arena, all->ends, all->count, all->capacity);

	*end = (struct terminal_end){ .info = new_message(dump->arena, tty_info_entry), .fd = -1 };
	end->info->id = id;
	end->info->type = type;
	end->info->rdev = rdev;
	return end;
}

static struct error *note_holder(struct dump *dump, struct terminal_end *end, const struct open_fd *fd)
{
	end->name = arena_string(dump->arena, fd->link);
	end->task = fd->task;
	end->number = fd->number;
	end->fd = fcntl(fd->fd, F_DUPFD_CLOEXEC, 0);
	if (end->fd < 0)
		return fail_errno("could not keep a descriptor of the terminal");
	files_keep(dump, end->fd);
	SET(end->info, dev, fd->stat.st_dev);
	SET(end->info, uid, fd->stat.st_uid);
	SET(end->info, gid, fd->stat.st_gid);
	return NULL;
}

static uint32_t pty_id(unsigned index, bool master)
{
	return (index < CONSOLE_INDEX ? index : index + OWN_INDEX) << 1 | master;
}

static void set_index(struct dump *dump, TtyInfoEntry *info, unsigned index)
{
	info->pty = new_message(dump->arena, tty_pty_entry);
	info->pty->index = index;
}

/* ---- one descriptor ---- */

static struct error *refuse_other_instance(const struct open_fd *fd)
{
	return with_hint(fail("the terminal %s belongs to another instance of devpts", fd->link),
			 "Add --external tty[%lx:%lx], and give its replacement with --inherit-fd at restore.",
			 (unsigned long)fd->stat.st_rdev, (unsigned long)fd->stat.st_dev);
}

static struct error *dump_pty(struct dump *dump, const struct open_fd *fd, unsigned index, TtyFileEntry *out)
{
	bool master = major(fd->stat.st_rdev) == MASTER_MAJOR;
	uint32_t id = pty_id(index, master);
	struct terminal_end *end = find_end(dump, id);
	int locked = 0, packets = 0;

	out->tty_info_id = id;
	if (!master && fd->stat.st_dev != collection(dump)->device)
		return refuse_other_instance(fd);
	if (end && end->fd >= 0)
		return NULL;
	/* Of a master the number of /dev/ptmx: 3.17.1 tells the ends apart by that. */
	end = end ?: add_end(dump, id, TTY_TYPE__PTY, fd->stat.st_rdev);
	set_index(dump, end->info, index);
	TRY(note_holder(dump, end, fd));
	TRY(terminal_state_read(dump->arena, fd->fd, end->info));
	if (master && (ioctl(fd->fd, TIOCGPTLCK, &locked) || ioctl(fd->fd, TIOCGPKT, &packets)))
		return fail_errno("could not read the state of the pseudo terminal");
	end->info->locked = locked;
	end->info->packet_mode = packets;
	return NULL;
}

/* A descriptor that leads nowhere any more: its terminal hung up. Which one it was only its name tells. */
static struct error *dump_hung_up(struct dump *dump, const struct open_fd *fd, TtyFileEntry *out)
{
	struct terminal_collection *all = collection(dump);
	bool current = major(fd->stat.st_rdev) == MASTER_MAJOR;
	unsigned index = current ? CURRENT_INDEX : minor(fd->stat.st_rdev);
	uint32_t id = (index + 2 * OWN_INDEX) << 1;
	struct terminal_end *end = find_end(dump, id);

	if (!end) {
		end = add_end(dump, id, current ? TTY_TYPE__CTTY : TTY_TYPE__PTY, fd->stat.st_rdev);
		if (!current)
			set_index(dump, end->info, index);
		SET(end->info, dev, fd->stat.st_dev);
		SET(end->info, uid, fd->stat.st_uid);
		SET(end->info, gid, fd->stat.st_gid);
	}
	out->tty_info_id = id;
	*arena_append(dump->arena, all->hung_up, all->hung_up_count, all->hung_up_capacity) = out;
	return NULL;
}

/* Opened as /dev/tty: another name for the terminal that its opener's session had. */
static struct error *dump_current(struct dump *dump, const struct open_fd *fd, unsigned device, TtyFileEntry *out)
{
	bool pseudo = major(device) == SLAVE_MAJOR;
	uint32_t id = (CURRENT_INDEX + OWN_INDEX * 3 + (pseudo ? minor(device) : CURRENT_DEVICE + device)) << 1;
	struct terminal_end *end = find_end(dump, id);

	out->tty_info_id = id;
	if (!end) {
		end = add_end(dump, id, TTY_TYPE__CTTY, fd->stat.st_rdev);
		end->device = device;
		if (pseudo)
			set_index(dump, end->info, minor(device));
		TRY(note_holder(dump, end, fd));
		TRY(terminal_state_read(dump->arena, fd->fd, end->info));
	}
	return NULL;
}

static bool is_external(const struct dump *dump, const struct open_fd *fd)
{
	char key[64];

	if (!external_any(dump->criu->options, "tty"))
		return false;
	snprintf(key, sizeof(key), "tty[%lx:%lx]", (unsigned long)fd->stat.st_rdev, (unsigned long)fd->stat.st_dev);
	return external_find(dump->criu->options, key, NULL);
}

static struct error *dump_external(struct dump *dump, const struct open_fd *fd, TtyFileEntry *out)
{
	struct terminal_collection *all = collection(dump);
	uint32_t index = OUTSIDE_INDEX;
	struct terminal_end *end;

	for (size_t i = 0; i < all->count; i++) {
		const TtyInfoEntry *info = all->ends[i].info;

		if (info->type != TTY_TYPE__EXT_TTY)
			continue;
		out->tty_info_id = info->id;
		if (info->rdev == fd->stat.st_rdev && info->dev == fd->stat.st_dev)
			return NULL;
		index++;
	}
	end = add_end(dump, index << 1, TTY_TYPE__EXT_TTY, fd->stat.st_rdev);
	out->tty_info_id = end->info->id;
	(void)ioctl(fd->fd, TIOCGDEV, &end->device);
	TRY(note_holder(dump, end, fd));
	return terminal_state_read(dump->arena, fd->fd, end->info);
}

static struct error *refuse_device(const struct open_fd *fd)
{
	return with_hint(fail("%s is a terminal of the machine", fd->link),
			 "Add --external tty[%lx:%lx], and give its replacement with --inherit-fd at restore.",
			 (unsigned long)fd->stat.st_rdev, (unsigned long)fd->stat.st_dev);
}

static struct error *dump_kind(struct dump *dump, const struct open_fd *fd, TtyFileEntry *out)
{
	unsigned device = 0;

	if (is_external(dump, fd))
		return dump_external(dump, fd, out);
	if (ioctl(fd->fd, TIOCGDEV, &device)) {
		if (errno == EIO)
			return dump_hung_up(dump, fd, out);
		return fail_errno("could not find out which terminal it is");
	}
	if (major(fd->stat.st_rdev) == MASTER_MAJOR && minor(fd->stat.st_rdev) == 0)
		return dump_current(dump, fd, device, out);
	if (major(device) != SLAVE_MAJOR)
		return refuse_device(fd);
	return dump_pty(dump, fd, minor(device), out);
}

/* The path is for readers of the images; a hung up terminal's name may have " (deleted)" behind it. */
static uint32_t dump_path(struct dump *dump, const struct open_fd *fd)
{
	static const char deleted[] = " (deleted)";
	RegFileEntry *path = new_message(dump->arena, reg_file_entry);
	size_t length = strlen(fd->link);

	path->id = files_next_id(dump);
	path->flags = fd->flags;
	path->fown = new_message(dump->arena, fown_entry);
	SET(path, mode, fd->stat.st_mode);
	path->name = arena_string(dump->arena, fd->link);
	if (length > sizeof(deleted) && !strcmp(path->name + length - (sizeof(deleted) - 1), deleted))
		path->name[length - (sizeof(deleted) - 1)] = '\0';
	file_entry_new(dump, FD_TYPES__REG, path->id)->reg = path;
	return path->id;
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	if (fd->flags & O_PATH)
		return with_hint(fail("%s is a terminal opened with O_PATH, which cannot be saved", fd->link),
				 "Close it before the dump.");
	out->tty = new_message(dump->arena, tty_file_entry);
	TRY(dump_kind(dump, fd, out->tty));
	SET(out->tty, regf_id, dump_path(dump, fd));
	return NULL;
}

/* ---- with the whole tree in view ---- */

/* Other readers expect a terminal that only has hung up descriptors under its own number. */
static void number_hung_up(struct dump *dump)
{
	struct terminal_collection *all = collection(dump);

	for (size_t i = 0; i < all->hung_up_count; i++) {
		struct terminal_end *end = find_end(dump, all->hung_up[i]->tty_info_id);
		uint32_t id = end->info->pty ? pty_id(end->info->pty->index, false) : 0;

		if (!id || find_end(dump, id))
			continue;
		for (size_t j = all->hung_up_count; j-- > i;)
			if (all->hung_up[j]->tty_info_id == end->info->id)
				all->hung_up[j]->tty_info_id = id;
		end->info->id = id;
	}
}

/* A terminal that controls a session of the tree and that nobody of it has open. */
static struct error *add_unopened(struct dump *dump, const struct task *leader)
{
	unsigned index = minor(leader->stat->terminal);
	struct terminal_end *master = find_end(dump, pty_id(index, true)), *end;
	char path[32];
	int fd;

	end = add_end(dump, pty_id(index, false), TTY_TYPE__PTY, leader->stat->terminal);
	set_index(dump, end->info, index);
	if (master) /* may have moved by the addition */
		return terminal_state_read(dump->arena, find_end(dump, pty_id(index, true))->fd, end->info);
	snprintf(path, sizeof(path), "/dev/pts/%u", index);
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return with_hint(fail_errno("could not open %s, the terminal of session %d", path, leader->pid),
				 "Detach the session from it before the dump.");
	files_keep(dump, fd);
	end->fd = fd;
	end->name = arena_string(dump->arena, path);
	return terminal_state_read(dump->arena, fd, end->info);
}

static bool is_outside_external(struct dump *dump, uint32_t device)
{
	struct terminal_collection *all = collection(dump);

	for (size_t i = 0; i < all->count; i++)
		if (all->ends[i].info->type == TTY_TYPE__EXT_TTY && all->ends[i].device == device)
			return true;
	return false;
}

static struct error *add_unopened_terminals(struct dump *dump)
{
	for (size_t i = 0; i < dump->snapshot->task_count; i++) {
		const struct task *task = dump->snapshot->tasks[i];
		uint32_t device = task->stat->terminal;

		if (!device || task->sid != task->pid || task->state == TASK_DEAD)
			continue;
		if (is_outside_external(dump, device))
			continue;
		if (major(device) != SLAVE_MAJOR)
			return with_hint(fail("session %d is on a terminal of the machine (device %u:%u)", task->pid,
					      major(device), minor(device)),
					 "Start the program with setsid, without a terminal.");
		if (!find_end(dump, pty_id(minor(device), false)))
			TRY(with_context(add_unopened(dump, task), "process %d", task->pid));
	}
	return NULL;
}

/* Session and foreground group, which only a member of the session may ask for: /proc tells them. */
static void set_session(struct dump *dump, const struct terminal_end *end)
{
	TtyInfoEntry *info = end->info;
	uint32_t device = end->device ?: info->pty ? makedev(SLAVE_MAJOR, info->pty->index) : info->rdev;

	for (size_t i = 0; i < dump->snapshot->task_count; i++) {
		const struct task *task = dump->snapshot->tasks[i];

		if (task->stat->terminal != device || task->state == TASK_DEAD)
			continue;
		info->sid = task->sid;
		info->pgrp = task->stat->terminal_group > 0 ? task->stat->terminal_group : 0;
		return;
	}
}

/* Members of a session that has a terminal, and which have given it up. */
static void note_without_terminal(struct dump *dump, const TtyInfoEntry *info)
{
	for (size_t i = 0; info->sid && i < dump->snapshot->task_count; i++) {
		const struct task *task = dump->snapshot->tasks[i];

		if (task->sid == (pid_t)info->sid && !task->stat->terminal && task->state != TASK_DEAD)
			SET(task_leader(task)->core->tc, no_terminal, true);
	}
}

static bool session_in_tree(const struct dump *dump, const TtyInfoEntry *info)
{
	return info->sid && snapshot_task(dump->snapshot, info->sid);
}

/* The other end of a slave must be in the tree, or somebody must have said where it comes from. */
static struct error *check_outside(struct dump *dump, const struct terminal_end *end)
{
	const struct options *options = dump->criu->options;
	const TtyInfoEntry *info = end->info;

	if ((info->type != TTY_TYPE__PTY && info->type != TTY_TYPE__CTTY) || info->id & 1 || !info->termios ||
	    (info->pty && find_end(dump, pty_id(info->pty->index, true))))
		return NULL;
	if (end->device && (is_outside_external(dump, end->device) ||
			    (info->pty && find_end(dump, pty_id(info->pty->index, false)))))
		return NULL; /* the terminal itself is looked at */
	if (end->device && !info->pty)
		return with_hint(fail("%s leads to a terminal of the machine (device %u:%u)", end->name, major(end->device),
				      minor(end->device)),
				 "Close it before the dump, or have that terminal open too and name it: --external tty[%x:DEVICE].",
				 end->device);
	if (options->orphan_pts_master || (options->shell_job && !session_in_tree(dump, info)))
		return NULL;
	if (session_in_tree(dump, info))
		return with_hint(fail("session %u of the tree is on the terminal %s, whose master is outside of the tree",
				      info->sid, end->name),
				 "Use --orphan-pts-master for a new terminal whose master is given to the caller of "
				 "restore, or --external tty[%x:%lx] to name its replacement.",
				 info->rdev, (unsigned long)info->dev);
	return with_hint(fail("%s is a terminal outside of the tree", end->name),
			 "Use --shell-job for a program that was started from a shell, or --external tty[%x:%lx].",
			 info->rdev, (unsigned long)info->dev);
}

/* A master whose slave is the terminal of a session that stays behind. */
static struct error *check_master(struct dump *dump, const struct terminal_end *end)
{
	int session = 0;

	if (end->info->type != TTY_TYPE__PTY || !(end->info->id & 1) || ioctl(end->fd, TIOCGSID, &session) ||
	    session <= 0)
		return NULL;
	for (size_t i = 0; i < dump->snapshot->task_count; i++)
		if (dump->snapshot->tasks[i]->sid == session)
			return NULL;
	return with_hint(fail("the pseudo terminal %u, whose master is in the tree, is the terminal of session %d outside "
			      "of it",
			      end->info->pty->index, session),
			 "Dump a tree that has both, or end the session.");
}

static bool hung_up_by_slave(int master)
{
	struct pollfd poll_fd = { .fd = master };

	return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP);
}

static struct error *save_input(struct dump *dump, const struct terminal_end *end)
{
	struct terminal_collection *all = collection(dump);
	const struct terminal_end *other = find_end(dump, end->info->id ^ 1);
	bool master = end->info->id & 1, stopped = false;
	TtyDataEntry *data;

	if (end->info->type != TTY_TYPE__PTY || !end->info->termios || end->fd < 0)
		return NULL;
	/* What others see too is left alone. */
	if (!master && !other && !dump->criu->options->orphan_pts_master)
		return NULL;
	if (master && hung_up_by_slave(end->fd))
		SET(end->info, slave_closed, true);
	TRY(with_context(terminal_input_read(dump->arena, end->fd, master, other ? other->fd : -1, &data, &stopped),
			 "%s", end->name));
	if (stopped)
		SET(end->info, stopped, true);
	if (data) {
		data->tty_id = end->info->id;
		*arena_append(dump->arena, all->data, all->data_count, all->data_capacity) = data;
	}
	return NULL;
}

static struct error *dump_late(struct dump *dump)
{
	struct terminal_collection *all;

	TRY(add_unopened_terminals(dump));
	all = collection(dump);
	number_hung_up(dump);
	for (size_t i = 0; i < all->count; i++) {
		if (all->ends[i].info->termios)
			set_session(dump, &all->ends[i]);
		note_without_terminal(dump, all->ends[i].info);
		TRY(check_master(dump, &all->ends[i]));
	}
	for (size_t i = 0; i < all->count; i++)
		TRY(check_outside(dump, &all->ends[i]));
	for (size_t i = 0; i < all->count; i++)
		TRY(save_input(dump, &all->ends[i]));
	return NULL;
}

static struct error *write_infos(struct dump *dump)
{
	const struct terminal_collection *all = dump->files->terminals;
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(dump->criu->images, IMAGE_TTY_INFO, 0, &writer));
	for (size_t i = 0; all && i < all->count; i++)
		TRY(image_write(writer, &all->ends[i].info->base));
	return image_close(take_pointer(writer));
}

static struct error *write_all(struct dump *dump)
{
	const struct terminal_collection *all = dump->files->terminals;
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(write_infos(dump));
	if (!all || !all->data_count)
		return NULL;
	TRY(image_create(dump->criu->images, IMAGE_TTY_DATA, 0, &writer));
	for (size_t i = 0; i < all->data_count; i++)
		TRY(image_write(writer, &all->data[i]->base));
	return image_close(take_pointer(writer));
}

/* ---- the rows; restore is the same for all ---- */

const struct file_kind terminal_kind = {
	.name = "terminal",
	.type = FD_TYPES__TTY,
	.entry = offsetof(FileEntry, tty),
	.match = { .mode = S_IFCHR, .device_major = SLAVE_MAJOR },
	.dump = dump,
	.dump_late = dump_late,
	.write = write_all,
	.plan = terminal_plan,
	.create = terminal_create,
	.fill = terminal_fill,
};

#define TERMINAL_KIND(kind, ...)                                                                                       \
	const struct file_kind kind##_kind = {                                                                         \
		.name = #kind,                                                                                         \
		.type = FD_TYPES__TTY,                                                                                 \
		.entry = offsetof(FileEntry, tty),                                                                     \
		.match = { .mode = S_IFCHR, __VA_ARGS__ },                                                             \
		.dump = dump,                                                                                          \
	}

TERMINAL_KIND(pty_master, .device_major = MASTER_MAJOR, .device_minor_plus_1 = MASTER_MINOR + 1);
TERMINAL_KIND(current_terminal, .device_major = MASTER_MAJOR, .device_minor_plus_1 = 1);
TERMINAL_KIND(console, .device_major = MASTER_MAJOR, .device_minor_plus_1 = 2);
TERMINAL_KIND(virtual_console, .device_major = 4);
