// SPDX-License-Identifier: GPL-2.0
/*
 * regular: files and directories, found again by their path. Size and mode are noted and
 * must be the same at restore; so that a changed file is refused, not misread.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/context.h"
#include "files/collection.h"
#include "files/device.h"
#include "files/external.h"
#include "files/files.h"
#include "files/inherited.h"
#include "files/locks.h"
#include "files/plan.h"
#include "files/procfs.h"
#include "files/remap.h"
#include "files/validate.h"
#include "support/cleanup.h"
#include "support/log.h"
#include "support/options.h"

static const char deleted_mark[] = " (deleted)";

/* Is the path still the name of this very file? */
static bool is_at_path(const char *path, const struct stat *stat)
{
	struct stat now;

	return !lstat(path, &now) && now.st_dev == stat->st_dev && now.st_ino == stat->st_ino;
}

static struct error *check_name(const char *link)
{
	if (link[0] == '/')
		return NULL;
	return with_hint(fail("\"%s\" cannot be reached by a path", link),
			 "The file is outside of the mount namespace or root directory of criu.");
}

/* The build id is read when the tree may run again. */
static struct error *identify(struct dump *dump, RegFileEntry *entry, int fd, const struct stat *stat)
{
	cleanup_close int readable = -1;
	char path[32];

	/* Opening could break a lease, and would wait for that. */
	if (!S_ISREG(stat->st_mode) || locks_leased(dump, fd, stat->st_ino))
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	readable = open(path, O_RDONLY | O_CLOEXEC);
	return readable < 0 ? NULL : validate_dump_later(dump, entry, &readable);
}

/* mount id and inode, as fdinfo and stat tell them. */
const char *regular_external_key(struct dump *dump, int fd, const struct stat *stat)
{
	const struct options *options = dump->criu->options;
	struct statx more;
	char *key;

	if (!external_any(options, "file") || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &more))
		return NULL;
	key = arena_format(dump->arena, "file[%llx:%lx]", (unsigned long long)more.stx_mnt_id, stat->st_ino);
	return external_find(options, key, NULL) ? key : NULL;
}

static struct error *describe_external(RegFileEntry *entry, const char *key, const struct stat *stat)
{
	entry->name = (char *)key;
	SET(entry, mode, stat->st_mode);
	SET(entry, ext, true);
	return NULL;
}

struct error *regular_describe(struct dump *dump, RegFileEntry *entry, int fd, const struct stat *stat,
			       const char *link, bool is_code)
{
	size_t length = strlen(link), mark = sizeof(deleted_mark) - 1;
	const char *external = regular_external_key(dump, fd, stat);
	bool deleted;

	if (external)
		return describe_external(entry, external, stat);
	TRY(check_name(link));
	TRY(procfs_check(dump, link));
	entry->name = arena_string(dump->arena, link);
	SET(entry, mode, stat->st_mode);
	if (S_ISREG(stat->st_mode))
		SET(entry, size, stat->st_size);
	if (is_at_path(link, stat))
		return is_code ? identify(dump, entry, fd, stat) : NULL;
	if (device_find_other(dump, entry, stat))
		return NULL;
	/* Not at its path any more: deleted, renamed over, or hidden by a mount. */
	deleted = length > mark && !strcmp(link + length - mark, deleted_mark);
	if (deleted)
		entry->name[length - mark] = '\0';
	remap_strip(entry->name);
	return remap_dump(dump, entry, fd, stat, deleted);
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	off_t position = lseek(fd->fd, 0, SEEK_CUR);

	out->reg = new_message(dump->arena, reg_file_entry);
	out->reg->pos = position < 0 ? 0 : position;
	return regular_describe(dump, out->reg, fd->fd, &fd->stat, fd->link, fd->stat.st_mode & 0111);
}

/* ---- restore ---- */

/* The caller's descriptor for a file, external or by its path; -1: none was given. */
static int find_inherited(struct restore *restore, const RegFileEntry *entry)
{
	return inherited_find(restore, entry->name[0] == '/' ? entry->name + 1 : entry->name);
}

struct error *regular_open(struct restore *restore, const RegFileEntry *entry, int flags, int *ret_fd)
{
	int inherited = find_inherited(restore, entry);
	const char *path = inherited < 0 ? entry->name : arena_format(restore->arena, "/proc/self/fd/%d", inherited);
	const struct planned_remap *remap = inherited < 0 ? remap_of(restore, entry) : NULL;

	if (flags < 0)
		flags = entry->flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY);
	flags &= ~(__O_TMPFILE & ~O_DIRECTORY);
	/* O_TMPFILE includes O_DIRECTORY. */
	if (entry->has_mode && !S_ISDIR(entry->mode))
		flags &= ~O_DIRECTORY;
	if (entry->has_mode && S_ISLNK(entry->mode))
		flags |= O_NOFOLLOW;
	flags |= O_NOCTTY | O_CLOEXEC;
	if (remap)
		return remap_open(remap, entry, flags, ret_fd);
	*ret_fd = open(path, flags);
	if (*ret_fd < 0 && errno == ENOENT)
		*ret_fd = device_open_other(restore, entry, flags);
	if (*ret_fd < 0)
		return with_hint(fail_errno("could not open %s", path),
				 "The file must be where it was at the dump, with the same rights.");
	return NULL;
}

static struct error *check_mode(struct restore *restore, const RegFileEntry *entry, const struct stat *now)
{
	bool skip = restore->criu->options->skip_file_rwx_check;
	uint32_t mask = skip ? ~(uint32_t)0777 : ~(uint32_t)0;

	if (!entry->has_mode || (entry->mode & mask) == (now->st_mode & mask))
		return NULL;
	return with_hint(fail("%s has mode 0%o now, and had 0%o at the dump", entry->name, now->st_mode, entry->mode),
			 "Give the file its old mode, or use --skip-file-rwx-check if only permissions changed.");
}

/* What is only appended to may have another size, and of what is a mere handle (O_PATH) it does not matter. */
static struct error *check_size(const RegFileEntry *entry, const struct stat *now)
{
	if (!entry->has_size || entry->flags & O_PATH || !S_ISREG(now->st_mode) ||
	    (uint64_t)now->st_size == entry->size || (entry->flags & (O_ACCMODE | O_APPEND)) == (O_WRONLY | O_APPEND))
		return NULL;
	return with_hint(fail("%s has %llu bytes now, and had %llu at the dump", entry->name,
			      (unsigned long long)now->st_size, (unsigned long long)entry->size),
			 "Put back the file as it was at the dump.");
}

static struct error *check_file(struct restore *restore, const RegFileEntry *entry)
{
	bool is_link = entry->has_mode && S_ISLNK(entry->mode), known;
	struct stat now;

	if (is_link ? lstat(entry->name, &now) : stat(entry->name, &now)) {
		if (errno == ENOENT && device_has_other(restore, entry))
			return NULL;
		return with_hint(fail_errno("cannot restore the file %s", entry->name),
				 "Put the file back to where it was at the dump.");
	}
	TRY(check_mode(restore, entry, &now));
	TRY(validate_restore(restore, entry, &known));
	return known ? NULL : check_size(entry, &now);
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const RegFileEntry *entry = file->entry->reg;
	pid_t pid;

	if (find_inherited(restore, entry) >= 0)
		return NULL;
	if (entry->name[0] != '/' || (entry->has_ext && entry->ext))
		return with_hint(fail("cannot restore the file \"%s\": it was outside of the tree", entry->name),
				 "Give its replacement with --inherit-fd fd[N]:%s.", entry->name);
	/* Its name is made by the socket that is bound to it. */
	if (entry->has_mode && S_ISSOCK(entry->mode))
		file->rank = UINT32_MAX;
	/* Its text is made anew for every position, and only at the end says what it should. */
	if (procfs_is_path(entry->name, &pid) && !(entry->flags & O_PATH))
		file->finish_copy = true;
	if (remap_of(restore, entry))
		return remap_check(restore, entry);
	return procfs_is_own(restore, entry->name) ? NULL : check_file(restore, entry);
}

static struct error *set_position(const RegFileEntry *entry, int fd)
{
	if (entry->pos && entry->pos != UINT64_MAX && !(entry->flags & O_PATH) && lseek(fd, entry->pos, SEEK_SET) < 0 &&
	    errno != ESPIPE)
		return fail_errno("could not set the position of %s", entry->name);
	return NULL;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	const RegFileEntry *entry = file->entry->reg;
	int inherited = find_inherited(restore, entry);

	if (inherited >= 0) {
		file->inherited = true;
		*ret_fd = fcntl(inherited, F_DUPFD_CLOEXEC, 0);
		return *ret_fd < 0 ? fail_errno("could not copy a descriptor") : NULL;
	}
	TRY(regular_open(restore, entry, -1, ret_fd));
	return file->finish_copy ? NULL : set_position(entry, *ret_fd);
}

static struct error *finish(struct restore *restore, struct planned_file *file, int fd)
{
	(void)restore;
	return set_position(file->entry->reg, fd);
}

const struct file_kind regular_kind = {
	.name = "regular",
	.type = FD_TYPES__REG,
	.entry = offsetof(FileEntry, reg),
	.match = { .mode = S_IFREG },
	.dump = dump,
	.plan = plan,
	.create = create,
	.finish = finish,
};

const struct file_kind directory_kind = {
	.name = "directory",
	.type = FD_TYPES__REG,
	.entry = offsetof(FileEntry, reg),
	.match = { .mode = S_IFDIR },
	.dump = dump,
	.plan = plan,
	.create = create,
	.finish = finish,
};

/* A link itself: open(O_PATH | O_NOFOLLOW). */
const struct file_kind symbolic_link_kind = {
	.name = "symbolic_link",
	.type = FD_TYPES__REG,
	.entry = offsetof(FileEntry, reg),
	.match = { .mode = S_IFLNK },
	.dump = dump,
	.plan = plan,
	.create = create,
	.finish = finish,
};

/* /dev/null, zero, full, random, urandom, kmsg: nothing but a path. */
const struct file_kind memory_device_kind = {
	.name = "memory_device",
	.type = FD_TYPES__REG,
	.entry = offsetof(FileEntry, reg),
	.match = { .mode = S_IFCHR, .device_major = 1 },
	.dump = dump,
	.plan = plan,
	.create = create,
	.finish = finish,
};
