// SPDX-License-Identifier: GPL-2.0
/*
 * fanotify: marks on inodes, mounts and file systems, with their ignore masks. They are set at the very end
 * (finish), so that restoring is no event for them. Unread events hold descriptors and are dropped. fanotify(7),
 * fanotify_mark(2).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/watched.h"
#include "kernel/proc/fdinfo.h"
#include "support/cleanup.h"
#include "support/log.h"

/* Of later kernels. */
#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE 0x200
#endif
#ifndef FAN_MARK_IGNORE
#define FAN_MARK_IGNORE 0x400
#endif

enum { FLAGS_OF_MASKS = FAN_ONDIR | FAN_EVENT_ON_CHILD };

/* ---- dump ---- */

struct mark {
	uint32_t flags, mask, ignored;
};

struct group {
	FanotifyFileEntry *entry;
	size_t mark_capacity, filesystem_capacity;
};

static struct error *parse_mark(const char *rest, struct mark *out)
{
	const char *at = strstr(rest, "mflags:");

	if (!at || sscanf(at, "mflags:%x mask:%x ignored_mask:%x", &out->flags, &out->mask, &out->ignored) != 3)
		return fail("unexpected text in fdinfo: fanotify");
	return NULL;
}

static FanotifyMarkEntry *new_mark(struct dump *dump, struct group *group, MarkType type, const struct mark *mark)
{
	FanotifyMarkEntry *entry = new_message(dump->arena, fanotify_mark_entry);

	entry->type = type;
	entry->mflags = mark->flags;
	entry->mask = mark->mask;
	entry->ignored_mask = mark->ignored;
	*arena_append(dump->arena, group->entry->mark, group->entry->n_mark, group->mark_capacity) = entry;
	return entry;
}

static struct error *dump_inode_mark(struct dump *dump, const char *rest, struct group *group)
{
	const char *text = arena_format(dump->arena, "ino:%.*s", (int)(strchrnul(rest, '\n') - rest), rest);
	FanotifyMarkEntry *entry;
	struct watched watched;
	struct mark mark;

	TRY(parse_mark(rest, &mark));
	TRY(watched_parse(dump, text, &watched));
	entry = new_mark(dump, group, MARK_TYPE__INODE, &mark);
	entry->s_dev = watched.device;
	entry->ie = new_message(dump->arena, fanotify_inode_mark_entry);
	entry->ie->i_ino = watched.inode;
	entry->ie->f_handle = watched.handle;
	return NULL;
}

static struct error *no_mount(const char *what, unsigned id)
{
	return with_hint(fail("a fanotify mark is on %s %x, which is not mounted where criu can see it", what, id),
			 "Run criu in the mount namespace of the program, or remove the mark.");
}

static struct error *dump_mount_mark(struct dump *dump, const char *rest, struct group *group)
{
	unsigned id = strtoul(rest, NULL, 16);
	FanotifyMarkEntry *entry;
	const char *path;
	struct stat stat;
	struct mark mark;

	TRY(parse_mark(rest, &mark));
	TRY(watched_mount_path(dump, id, &path));
	if (!path || lstat(path, &stat))
		return no_mount("mount", id);
	entry = new_mark(dump, group, MARK_TYPE__MOUNT, &mark);
	entry->me = new_message(dump->arena, fanotify_mount_mark_entry);
	entry->me->mnt_id = id;
	entry->me->path = (char *)path;
	return NULL;
}

static struct error *dump_filesystem_mark(struct dump *dump, const char *rest, struct group *group)
{
	FanotifyFilesystemMarkEntry *entry = new_message(dump->arena, fanotify_filesystem_mark_entry);
	unsigned device = strtoul(rest, NULL, 16);
	const char *path;
	struct mark mark;

	TRY(parse_mark(rest, &mark));
	TRY(watched_device_path(dump, device, &path));
	if (!path)
		return no_mount("file system", device);
	SET(entry, s_dev, device);
	SET(entry, mflags, mark.flags);
	SET(entry, mask, mark.mask);
	SET(entry, ignored_mask, mark.ignored);
	entry->path = (char *)path;
	*arena_append(dump->arena, group->entry->filesystem_mark, group->entry->n_filesystem_mark,
		      group->filesystem_capacity) = entry;
	return NULL;
}

static const struct {
	const char *name;
	struct error *(*dump)(struct dump *, const char *rest, struct group *);
} lines[] = {
	{ "fanotify ino", dump_inode_mark },
	{ "fanotify mnt_id", dump_mount_mark },
	{ "fanotify sdev", dump_filesystem_mark },
};

static struct error *dump_line(struct dump *dump, const char *line, struct group *group)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		size_t length = strlen(lines[i].name);

		if (!strncmp(line, lines[i].name, length) && line[length] == ':')
			return lines[i].dump(dump, line + length + 1, group);
	}
	return with_hint(fail("the fanotify group has a mark of an unknown kind (%.*s)",
			      (int)(strchrnul(line, '\n') - line), line),
			 "Marks on inodes, mounts and file systems can be saved; remove the mark before the dump.");
}

static struct error *check_group(const struct open_fd *fd, const FanotifyFileEntry *entry)
{
	int unread = 0;

	if (entry->faflags & (FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT))
		return with_hint(fail("the fanotify group decides about the accesses of others, and cannot be saved"),
				 "Such programs (virus scanners, file system monitors) hold up others while they stand; "
				 "stop them before the dump.");
	if (!ioctl(fd->fd, FIONREAD, &unread) && unread)
		log_warning("descriptor %d of process %d has unread fanotify events; they will not be there after a "
			    "restore, ignored",
			    fd->number, fd->task->pid);
	return NULL;
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	FanotifyFileEntry *entry = out->ffy = new_message(dump->arena, fanotify_file_entry);
	struct group group = { .entry = entry };
	static const char head[] = "fanotify flags";
	cleanup_free char *text = NULL;
	const char *rest, *line;

	TRY(fdinfo_read(fd->fd, &text));
	line = fdinfo_line(text, head, &rest);
	if (!line || sscanf(rest, "%x event-flags:%x", &entry->faflags, &entry->evflags) != 2)
		return fail("unexpected text in fdinfo: fanotify");
	TRY(check_group(fd, entry));
	for (line = strstr(text, "fanotify "); line; line = strstr(line + 1, "fanotify "))
		if (strncmp(line, head, sizeof(head) - 1))
			TRY(dump_line(dump, line, &group));
	return NULL;
}

static struct watched watched_of(const FanotifyMarkEntry *entry)
{
	return (struct watched){ .inode = entry->ie->i_ino,
				 .device = entry->s_dev,
				 .handle = entry->ie->f_handle,
				 .what = "a fanotify mark" };
}

static struct error *dump_late(struct dump *dump)
{
	struct watched *all = NULL;
	size_t count = 0, capacity = 0;

	for (size_t i = 0; i < dump->files->entry_count; i++) {
		const FanotifyFileEntry *entry = dump->files->entries[i]->ffy;

		for (size_t j = 0; entry && j < entry->n_mark; j++)
			if (entry->mark[j]->ie)
				*arena_append(dump->arena, all, count, capacity) = watched_of(entry->mark[j]);
	}
	return count ? watched_find_paths(dump, all, count) : NULL;
}

/* ---- restore ---- */

static struct error *check_path(const char *path, const char *what)
{
	struct stat now;

	if (path && !stat(path, &now))
		return NULL;
	return with_hint(fail("cannot restore a fanotify mark on the %s at %s: it is not there", what, path ?: "no path"),
			 "Mount it where it was at the dump.");
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const FanotifyFileEntry *entry = file->entry->ffy;

	for (size_t i = 0; i < entry->n_mark; i++) {
		const FanotifyMarkEntry *mark = entry->mark[i];

		if (mark->type == MARK_TYPE__MOUNT && mark->me) {
			TRY(check_path(mark->me->path, "mount"));
		} else if (mark->type == MARK_TYPE__INODE && mark->ie) {
			struct watched watched = watched_of(mark);

			TRY(watched_plan(restore, &watched));
		} else {
			return fail("the image is damaged: a fanotify mark of type %d has no content", mark->type);
		}
	}
	for (size_t i = 0; i < entry->n_filesystem_mark; i++)
		TRY(check_path(entry->filesystem_mark[i]->path, "file system"));
	file->finish_copy = true;
	return NULL;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	const FanotifyFileEntry *entry = file->entry->ffy;

	*ret_fd = fanotify_init(entry->faflags, entry->evflags);
	return *ret_fd < 0 ? with_hint(fail_errno("could not create a fanotify group"),
				       "Groups with these flags (0x%x) need CAP_SYS_ADMIN.", entry->faflags)
			   : NULL;
}

/* mask and ignore mask of a mark are set by a call each. */
static struct error *add_mark(int fd, unsigned type, uint32_t flags, uint32_t mask, uint32_t ignored, const char *path)
{
	unsigned common = FAN_MARK_ADD | type | (flags & FAN_MARK_EVICTABLE);
	unsigned ignore = flags & FAN_MARK_IGNORE ?: FAN_MARK_IGNORED_MASK;

	if (ignore == FAN_MARK_IGNORED_MASK)
		ignored &= ~FLAGS_OF_MASKS;
	if (mask && fanotify_mark(fd, common, mask, AT_FDCWD, path))
		return fail_errno("could not set a fanotify mark on %s", path);
	if (ignored && fanotify_mark(fd, common | ignore | (flags & FAN_MARK_IGNORED_SURV_MODIFY), ignored, AT_FDCWD, path))
		return fail_errno("could not set a fanotify ignore mark on %s", path);
	return NULL;
}

static struct error *add_inode_mark(struct restore *restore, const FanotifyMarkEntry *mark, int fd)
{
	struct watched watched = watched_of(mark);
	cleanup_close int file = -1;
	char path[32];

	TRY(watched_open(restore, &watched, &file));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return add_mark(fd, 0, mark->mflags, mark->mask, mark->ignored_mask, path);
}

static struct error *finish(struct restore *restore, struct planned_file *file, int fd)
{
	const FanotifyFileEntry *entry = file->entry->ffy;

	/* The kernel lists the newest first. */
	for (size_t i = entry->n_mark; i-- > 0;) {
		const FanotifyMarkEntry *mark = entry->mark[i];

		if (mark->type == MARK_TYPE__INODE)
			TRY(add_inode_mark(restore, mark, fd));
		else
			TRY(add_mark(fd, FAN_MARK_MOUNT, mark->mflags, mark->mask, mark->ignored_mask, mark->me->path));
	}
	for (size_t i = entry->n_filesystem_mark; i-- > 0;) {
		const FanotifyFilesystemMarkEntry *mark = entry->filesystem_mark[i];

		TRY(add_mark(fd, FAN_MARK_FILESYSTEM, mark->mflags, mark->mask, mark->ignored_mask, mark->path));
	}
	return NULL;
}

const struct file_kind fanotify_kind = {
	.name = "fanotify",
	.type = FD_TYPES__FANOTIFY,
	.entry = offsetof(FileEntry, ffy),
	.match = { .anon_inode = "[fanotify]" },
	.dump = dump,
	.dump_late = dump_late,
	.plan = plan,
	.create = create,
	.finish = finish,
};
