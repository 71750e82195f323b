// SPDX-License-Identifier: GPL-2.0
#include "files/watched.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/plan.h"
#include "kernel/proc/mountinfo.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "support/log.h"
#include "support/options.h"

#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200 /* Linux 6.5: a handle for comparing, as fdinfo shows it */
#endif

enum { HANDLE_BYTES = 128, HANDLE_WORDS = HANDLE_BYTES / 8, SEARCH_MAX = 1 << 18, PATH_BYTES = 4096 + 64 };

struct big_handle {
	struct file_handle head;
	unsigned char bytes[HANDLE_BYTES];
};

/* ---- parsing ---- */

static struct error *parse_bytes(const char *digits, FhEntry *handle)
{
	unsigned char *bytes = (unsigned char *)handle->handle;

	for (uint32_t i = 0; i < handle->bytes; i++) {
		unsigned byte;

		if (sscanf(digits + 2 * i, "%2x", &byte) != 1)
			return fail("unexpected text in fdinfo: f_handle");
		bytes[i] = byte;
	}
	return NULL;
}

struct error *watched_parse(struct dump *dump, const char *text, struct watched *out)
{
	FhEntry *handle = out->handle = new_message(dump->arena, fh_entry);
	const char *line_end = strchrnul(text, '\n'), *at = strstr(text, "fhandle-bytes:");
	unsigned long long inode;
	int digits = 0;

	if (sscanf(text, "ino:%llx sdev:%x", &inode, &out->device) != 2)
		return fail("unexpected text in fdinfo: %.*s", (int)(line_end - text), text);
	out->inode = inode;
	handle->n_handle = HANDLE_WORDS;
	handle->handle = arena_array(dump->arena, uint64_t, HANDLE_WORDS);
	if (!at || at > line_end)
		return NULL;
	if (sscanf(at, "fhandle-bytes:%x fhandle-type:%x f_handle:%n", &handle->bytes, &handle->type, &digits) != 2 ||
	    !digits || handle->bytes > HANDLE_BYTES || line_end - (at + digits) < 2 * (long)handle->bytes)
		return fail("unexpected text in fdinfo: %.*s", (int)(line_end - text), text);
	return parse_bytes(at + digits, handle);
}

/* ---- by handle ---- */

/* An anchor that is opened for reading would be an event for whoever watches it; the working directory is one
 * too, and O_PATH suffices for going there. */
static int open_handle_below(const char *mount, const FhEntry *handle)
{
	cleanup_close int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int there = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct big_handle copy = { .head = { .handle_bytes = handle->bytes, .handle_type = handle->type } };
	int fd;

	if (before < 0 || there < 0 || fchdir(there))
		return -1;
	memcpy(copy.head.f_handle, handle->handle, handle->bytes);
	fd = open_by_handle_at(AT_FDCWD, &copy.head, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fchdir(before))
		log_warning("could not go back to the working directory, ignored");
	return fd;
}

struct mounts {
	struct mount_line *lines;
	size_t count;
};

static struct error *read_mounts(struct arena *arena, struct mounts *mounts)
{
	cleanup_close int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return mountinfo_read(proc, arena, &mounts->lines, &mounts->count);
}

/* -1: no mount of its file system here knows the handle. */
static int open_by_handle(const struct mounts *mounts, const struct watched *watched)
{
	int fd = -1;

	if (!watched->handle->bytes || watched->handle->n_handle * 8 < watched->handle->bytes)
		return -1;
	for (size_t i = 0; i < mounts->count && fd < 0; i++)
		if (mounts->lines[i].device == watched->device)
			fd = open_handle_below(mounts->lines[i].path, watched->handle);
	return fd;
}

/* ---- the path of an inode: dump ---- */

/* Deleted, but the tree has it open and it is saved: noted by the number of its ghost. */
static bool is_ghost(const struct dump *dump, FhEntry *handle, const struct stat *stat)
{
	for (size_t i = 0; i < dump->files->ghost_count; i++) {
		const struct seen_ghost *ghost = &dump->files->ghosts[i];

		if (ghost->device != stat->st_dev || ghost->inode != stat->st_ino)
			continue;
		SET(handle, ghost_id, ghost->ghost_id);
		return true;
	}
	return false;
}

/* The path of a descriptor, when it leads to the same file. */
static bool take_path(struct dump *dump, FhEntry *handle, int fd)
{
	static const char mark[] = " (deleted)";
	char link[32], path[PATH_BYTES];
	struct stat stat, now;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0 || fstat(fd, &stat))
		return false;
	path[length] = '\0';
	if (path[0] == '/' && !lstat(path, &now) && now.st_dev == stat.st_dev && now.st_ino == stat.st_ino) {
		handle->path = arena_string(dump->arena, path);
		return true;
	}
	if (!is_ghost(dump, handle, &stat))
		return false;
	if ((size_t)length > sizeof(mark) - 1 && !strcmp(path + length - (sizeof(mark) - 1), mark))
		path[length - (sizeof(mark) - 1)] = '\0';
	handle->path = arena_string(dump->arena, path);
	return true;
}

static bool is_found(const struct watched *watched)
{
	return watched->handle->path != NULL;
}

/* ---- by search, where handles do not lead back to a file (overlayfs), or --force-irmap ---- */

struct search {
	struct dump *dump;
	struct mounts mounts;
	struct watched *all;
	size_t count, missing, looked_at;
	char **directories; /* to be read, nearest first */
	size_t next, directory_count, directory_capacity;
};

static bool same_handle(const struct watched *watched, const struct big_handle *handle)
{
	return handle->head.handle_bytes == watched->handle->bytes && handle->head.handle_type == (int)watched->handle->type &&
	       !memcmp(handle->head.f_handle, watched->handle->handle, watched->handle->bytes);
}

/* Is the file at a path (or the descriptor, with an empty path) a watched one? *device: of its file system. */
static void try_candidate(struct search *search, int directory, const char *path, uint32_t *device)
{
	struct big_handle handle = { .head.handle_bytes = HANDLE_BYTES };
	int flags = *path ? 0 : AT_EMPTY_PATH, id = -1;
	const struct mount_line *mount;
	struct statx more;
	struct stat stat;
	bool has_handle;

	*device = 0;
	search->looked_at++;
	has_handle = !name_to_handle_at(directory, path, &handle.head, &id, flags | AT_HANDLE_FID) ||
		     !name_to_handle_at(directory, path, &handle.head, &id, flags);
	if (!has_handle && !statx(directory, path, flags | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &more))
		id = more.stx_mnt_id;
	mount = mountinfo_find(search->mounts.lines, search->mounts.count, id);
	if (!mount)
		return;
	*device = mount->device;
	for (size_t i = 0; i < search->count; i++) {
		struct watched *watched = &search->all[i];
		cleanup_close int fd = -1;

		if (is_found(watched) || watched->device != mount->device)
			continue;
		if (has_handle && watched->handle->bytes ? !same_handle(watched, &handle)
							 : fstatat(directory, path, &stat, flags | AT_SYMLINK_NOFOLLOW) ||
								   stat.st_ino != watched->inode)
			continue;
		fd = *path ? openat(directory, path, O_PATH | O_NOFOLLOW | O_CLOEXEC) : dup(directory);
		if (fd >= 0 && take_path(search->dump, watched->handle, fd))
			search->missing--;
	}
}

static void add_directory(struct search *search, const char *path)
{
	*arena_append(search->dump->arena, search->directories, search->directory_count, search->directory_capacity) =
	    arena_string(search->dump->arena, path);
}

static bool is_wanted_device(const struct search *search, uint32_t device)
{
	for (size_t i = 0; i < search->count; i++)
		if (!is_found(&search->all[i]) && search->all[i].device == device)
			return true;
	return false;
}

static void read_directory(struct search *search, const char *path)
{
	cleanup_closedir DIR *directory = opendir(path);
	const struct dirent *entry;

	while (directory && search->missing && search->looked_at < SEARCH_MAX && (entry = readdir(directory))) {
		char child[PATH_BYTES + 256];
		uint32_t device;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", strcmp(path, "/") ? path : "", entry->d_name);
		try_candidate(search, AT_FDCWD, child, &device);
		if (entry->d_type == DT_DIR && is_wanted_device(search, device))
			add_directory(search, child);
	}
}

/* What the tree has open, working directories among it. */
static void try_open_files(struct search *search)
{
	const struct dump *dump = search->dump;
	uint32_t device;

	for (size_t i = 0; i < dump->files->borrowed_count && search->missing; i++)
		try_candidate(search, dump->files->borrowed[i], "", &device);
	for (size_t i = 0; i < dump->files->entry_count && search->missing; i++) {
		const RegFileEntry *regular = dump->files->entries[i]->reg;

		if (regular && regular->name && regular->name[0] == '/')
			try_candidate(search, AT_FDCWD, regular->name, &device);
	}
}

static void try_below(struct search *search)
{
	const struct options *options = search->dump->criu->options;
	uint32_t device;

	for (size_t i = 0; i < options->irmap_scan_path.count; i++)
		add_directory(search, options->irmap_scan_path.items[i]);
	for (size_t i = 0; i < search->dump->files->entry_count; i++) {
		const RegFileEntry *regular = search->dump->files->entries[i]->reg;

		if (regular && regular->has_mode && S_ISDIR(regular->mode) && strcmp(regular->name, "/"))
			add_directory(search, regular->name);
	}
	for (size_t i = 0; i < search->mounts.count; i++)
		if (is_wanted_device(search, search->mounts.lines[i].device))
			add_directory(search, search->mounts.lines[i].path);
	for (size_t i = 0; i < search->directory_count && search->missing; i++)
		try_candidate(search, AT_FDCWD, search->directories[i], &device);
	while (search->missing && search->next < search->directory_count && search->looked_at < SEARCH_MAX)
		read_directory(search, search->directories[search->next++]);
}

static struct error *cannot_find(const struct watched *watched)
{
	return with_hint(fail("%s is on a file (device %x, inode %llu) whose path was not found", watched->what,
			      watched->device, (unsigned long long)watched->inode),
			 "Name the directory it is in by --irmap-scan-path, or remove the watch; a deleted file must be "
			 "open in the tree.");
}

struct error *watched_find_paths(struct dump *dump, struct watched *all, size_t count)
{
	struct search search = { .dump = dump, .all = all, .count = count };
	bool by_handle = !dump->criu->options->force_irmap;
	cleanup_free bool *reached = calloc(count + 1, sizeof(bool));

	if (!reached)
		return out_of_memory();
	TRY(read_mounts(dump->arena, &search.mounts));
	for (size_t i = 0; i < count; i++) {
		cleanup_close int fd = by_handle ? open_by_handle(&search.mounts, &all[i]) : -1;
		struct stat stat;

		reached[i] = fd >= 0 && !fstat(fd, &stat) && stat.st_nlink;
		if (fd < 0 || !take_path(dump, all[i].handle, fd))
			search.missing++;
	}
	if (search.missing)
		try_open_files(&search);
	if (search.missing)
		try_below(&search);
	for (size_t i = 0; i < count; i++)
		if (!is_found(&all[i]) && !reached[i])
			return cannot_find(&all[i]);
	return NULL;
}

struct error *watched_mount_path(struct dump *dump, int mount_id, const char **path)
{
	const struct mount_line *mount;
	struct mounts mounts;

	TRY(read_mounts(dump->arena, &mounts));
	mount = mountinfo_find(mounts.lines, mounts.count, mount_id);
	*path = mount ? mount->path : NULL;
	return NULL;
}

struct error *watched_device_path(struct dump *dump, uint32_t device, const char **path)
{
	struct mounts mounts;

	*path = NULL;
	TRY(read_mounts(dump->arena, &mounts));
	for (size_t i = mounts.count; i-- > 0;) {
		const struct mount_line *mount = &mounts.lines[i];
		struct statx more;

		/* Not hidden below a later one. */
		if (mount->device == device && !statx(AT_FDCWD, mount->path, 0, STATX_MNT_ID, &more) &&
		    more.stx_mnt_id == (uint64_t)mount->id)
			*path = mount->path;
	}
	return NULL;
}

/* ---- restore ---- */

/* Images of others do not name the ghost, but both have its old device and inode. */
static const struct planned_ghost *find_ghost(const struct restore *restore, const struct watched *watched)
{
	const struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->ghost_count; i++) {
		const struct planned_ghost *ghost = &plan->ghosts[i];

		if (watched->handle->has_ghost_id ? watched->handle->ghost_id == ghost->id
						  : ghost->inode == watched->inode && ghost->device == watched->device)
			return ghost;
	}
	return NULL;
}

struct error *watched_plan(struct restore *restore, const struct watched *watched)
{
	struct mounts mounts = { 0 };
	cleanup_close int fd = -1;
	struct stat stat;

	ghosts_keep(restore);
	if (find_ghost(restore, watched))
		return NULL;
	if (watched->handle->path && !lstat(watched->handle->path, &stat))
		return NULL;
	TRY(read_mounts(restore->arena, &mounts));
	fd = open_by_handle(&mounts, watched);
	if (fd >= 0)
		return NULL;
	return with_hint(fail("cannot restore %s: %s (inode %llu) is not there", watched->what,
			      watched->handle->path ?: "its file", (unsigned long long)watched->inode),
			 "Put the file back to where it was at the dump.");
}

struct error *watched_open(struct restore *restore, const struct watched *watched, int *ret_fd)
{
	const struct planned_ghost *ghost = find_ghost(restore, watched);
	struct mounts mounts = { 0 };

	*ret_fd = -1;
	if (ghost)
		*ret_fd = fcntl(ghost->fd, F_DUPFD_CLOEXEC, 0);
	else if (watched->handle->path)
		*ret_fd = open(watched->handle->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_fd < 0 && !ghost) {
		TRY(read_mounts(restore->arena, &mounts));
		*ret_fd = open_by_handle(&mounts, watched);
	}
	return *ret_fd < 0 ? fail_errno("could not open %s of %s", watched->handle->path ?: "the file", watched->what)
			   : NULL;
}
