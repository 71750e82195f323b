// SPDX-License-Identifier: GPL-2.0
/*
 * inotify: watches with their numbers. They are set at the very end (finish), so that restoring is no event
 * for them. Unread events cannot be put back: a program that had some finds that the queue has overflowed, which
 * inotify(7) has it expect. The original of a dump with --leave-running keeps its own.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/watched.h"
#include "kernel/proc/fdinfo.h"
#include "support/cleanup.h"
#include "support/log.h"

#ifndef INOTIFY_IOC_SETNEXTWD
#define INOTIFY_IOC_SETNEXTWD _IOW('I', 0, int32_t) /* Linux 4.17, CONFIG_CHECKPOINT_RESTORE */
#endif

enum {
	ALL_EVENTS = IN_ALL_EVENTS,
	MODES = IN_EXCL_UNLINK | IN_ONESHOT,
	NUMBERS_TRIED = 1 << 20,
	LOOK_EACH = 1024,
	FULL_AT_MOST = 1 << 22, /* events until a queue overflows; the limit is 16384 unless root has changed it */
};

/* ---- dump ---- */

static int compare_watches(const void *a, const void *b)
{
	const InotifyWdEntry *const *x = a, *const *y = b;

	return (*x)->wd < (*y)->wd ? -1 : (*x)->wd > (*y)->wd;
}

static struct error *dump_watch(struct dump *dump, const char *rest, InotifyWdEntry **out)
{
	InotifyWdEntry *entry = *out = new_message(dump->arena, inotify_wd_entry);
	struct watched watched;
	const char *inode = strstr(rest, "ino:"), *mask = strstr(rest, "mask:");

	if (sscanf(rest, "%x", &entry->wd) != 1 || !inode || !mask ||
	    sscanf(mask, "mask:%x ignored_mask:%x", &entry->mask, &entry->ignored_mask) != 2)
		return fail("unexpected text in fdinfo: inotify");
	TRY(watched_parse(dump, inode, &watched));
	entry->i_ino = watched.inode;
	entry->s_dev = watched.device;
	entry->f_handle = watched.handle;
	return NULL;
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	InotifyFileEntry *entry = out->ify = new_message(dump->arena, inotify_file_entry);
	cleanup_free char *text = NULL;
	size_t capacity = 0;
	int unread = 0;
	const char *rest;

	TRY(fdinfo_read(fd->fd, &text));
	for (const char *line = text; (line = fdinfo_line(line, "inotify wd", &rest)); line = rest)
		TRY(dump_watch(dump, rest, arena_append(dump->arena, entry->wd, entry->n_wd, capacity)));
	if (entry->n_wd)
		qsort(entry->wd, entry->n_wd, sizeof(*entry->wd), compare_watches);
	if (ioctl(fd->fd, FIONREAD, &unread))
		return fail_errno("could not look for unread events");
	if (!unread)
		return NULL;
	log_warning("descriptor %d of process %d has unread inotify events; a restored program will find an overflow "
		    "(IN_Q_OVERFLOW) in their place, ignored",
		    fd->number, fd->task->pid);
	SET(entry, events_lost, true);
	return NULL;
}

static struct watched watched_of(struct arena *arena, const InotifyWdEntry *entry)
{
	return (struct watched){ .inode = entry->i_ino,
				 .device = entry->s_dev,
				 .handle = entry->f_handle,
				 .what = arena_format(arena, "inotify watch %u", entry->wd) };
}

/* Paths are looked for when all files are known, for all watches at once. */
static struct error *dump_late(struct dump *dump)
{
	struct watched *all = NULL;
	size_t count = 0, capacity = 0;

	for (size_t i = 0; i < dump->files->entry_count; i++) {
		const InotifyFileEntry *entry = dump->files->entries[i]->ify;

		for (size_t j = 0; entry && j < entry->n_wd; j++)
			*arena_append(dump->arena, all, count, capacity) = watched_of(dump->arena, entry->wd[j]);
	}
	return count ? watched_find_paths(dump, all, count) : NULL;
}

/* ---- restore ---- */

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const InotifyFileEntry *entry = file->entry->ify;

	if (entry->n_wd)
		qsort(entry->wd, entry->n_wd, sizeof(*entry->wd), compare_watches);
	for (size_t i = 0; i < entry->n_wd; i++) {
		struct watched watched = watched_of(restore->arena, entry->wd[i]);

		if (!entry->wd[i]->wd || entry->wd[i]->wd > INT32_MAX || (i && entry->wd[i - 1]->wd == entry->wd[i]->wd))
			return fail("the image is damaged: inotify watch %u", entry->wd[i]->wd);
		TRY(watched_plan(restore, &watched));
	}
	file->finish_copy = true;
	return NULL;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	*ret_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (*ret_fd >= 0)
		return NULL;
	return with_hint(fail_errno("could not create an inotify instance"),
			 errno == EMFILE ? "Raise fs.inotify.max_user_instances." : NULL);
}

/* The next watch gets the number. Without the ioctl numbers in between are used up. */
static struct error *add_watch(int fd, const char *path, uint32_t mask, int number)
{
	bool forced = !ioctl(fd, INOTIFY_IOC_SETNEXTWD, number);

	for (int i = 0; i < NUMBERS_TRIED; i++) {
		int now = inotify_add_watch(fd, path, mask);

		if (now == number)
			return NULL;
		if (now < 0)
			return with_hint(fail_errno("could not add inotify watch %d", number),
					 errno == ENOSPC ? "Raise fs.inotify.max_user_watches." : NULL);
		if (forced || now > number || inotify_rm_watch(fd, now))
			break;
	}
	return with_hint(fail("could not give an inotify watch the number %d", number),
			 "The kernel should have CONFIG_CHECKPOINT_RESTORE.");
}

/* What adding and removing watches has put into the queue. */
static struct error *drain(int fd)
{
	cleanup_free char *events = malloc(65536);
	int length;

	if (!events)
		return out_of_memory();
	while (!ioctl(fd, FIONREAD, &length) && length)
		if (read(fd, events, 65536) <= 0)
			return fail_errno("could not empty an inotify instance");
	return NULL;
}

/* Takes events off the queue until only the last one is left. */
static struct error *drain_before_last(int fd)
{
	const int one = sizeof(struct inotify_event);
	cleanup_free char *events = malloc(65536);
	int length;

	if (!events)
		return out_of_memory();
	while (!ioctl(fd, FIONREAD, &length) && length > one) {
		int most = length - one;

		if (read(fd, events, most < 65536 ? most : 65536) <= 0)
			return fail_errno("could not empty an inotify instance");
	}
	return NULL;
}

/* Two kinds of events of a file of ours in turns, since equal ones are merged, until the kernel drops them. */
static struct error *overflow(int fd)
{
	cleanup_close int memory = memfd_create("overflow", MFD_CLOEXEC), file = -1;
	int watch, before = -1, now = 0;
	char path[32], byte = 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	file = open(path, O_RDWR | O_CLOEXEC);
	watch = file < 0 ? -1 : inotify_add_watch(fd, path, IN_ACCESS | IN_MODIFY);
	if (watch < 0)
		return fail_errno("could not tell of lost inotify events");
	for (int i = 1; i < FULL_AT_MOST && now > before; i++) {
		if (pwrite(file, &byte, 1, 0) != 1 || pread(file, &byte, 1, 0) != 1)
			return fail_errno("could not tell of lost inotify events");
		if (i % LOOK_EACH)
			continue;
		before = now; /* looking takes the longer the more there are */
		if (ioctl(fd, FIONREAD, &now))
			return fail_errno("could not look for events");
	}
	if (inotify_rm_watch(fd, watch)) /* the queue is full: no event tells of it */
		return fail_errno("could not remove a watch");
	return drain_before_last(fd);
}

static struct error *set_watches(struct restore *restore, const InotifyFileEntry *entry, int fd)
{
	for (size_t i = 0; i < entry->n_wd; i++) {
		struct watched watched = watched_of(restore->arena, entry->wd[i]);
		cleanup_close int file = -1;
		char path[32];

		TRY(watched_open(restore, &watched, &file));
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
		TRY(add_watch(fd, path, entry->wd[i]->mask & (ALL_EVENTS | MODES), entry->wd[i]->wd));
	}
	return NULL;
}

static struct error *finish(struct restore *restore, struct planned_file *file, int fd)
{
	const InotifyFileEntry *entry = file->entry->ify;
	int next = entry->n_wd ? entry->wd[entry->n_wd - 1]->wd + 1 : 1;

	/* First, so that no event of a watch is drained with those of ours. */
	if (entry->events_lost)
		TRY(overflow(fd));
	TRY(set_watches(restore, entry, fd));
	if (!entry->events_lost)
		TRY(drain(fd));
	(void)ioctl(fd, INOTIFY_IOC_SETNEXTWD, next);
	return NULL;
}

const struct file_kind inotify_kind = {
	.name = "inotify",
	.type = FD_TYPES__INOTIFY,
	.entry = offsetof(FileEntry, ify),
	.match = { .anon_inode = "inotify" },
	.dump = dump,
	.dump_late = dump_late,
	.plan = plan,
	.create = create,
	.finish = finish,
};
