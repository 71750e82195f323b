// SPDX-License-Identifier: GPL-2.0
/*
 * The commit: a set of images that is complete under temporary names takes the place of the one
 * before. In order: checksums; everything on the disk; the old inventory goes; each file gets its
 * name; what only the old set had is deleted; the inventory gets its name. Whatever interrupts this, a directory with
 * an inventory has a complete set.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/checksums.h"
#include "image/directory.h"
#include "image/pending.h"
#include "image/record.h"
#include "support/cleanup.h"

enum { FSYNC_FILES = 32 };

struct error *commit_name(struct image_directory *directory, const struct pending_name *entry)
{
	int at = entry->service ? directory->work_fd : directory->fd;
	char part[PART_NAME_MAX];

	if (entry->empty) {
		if (unlinkat(at, entry->name, 0) && errno != ENOENT)
			return fail_errno("could not delete the old %s in %s", entry->name, directory->path);
		return NULL;
	}
	part_name(entry->name, part);
	if (renameat(at, part, at, entry->name))
		return fail_errno("could not rename %s in %s", part, directory->path);
	return NULL;
}

/* ---- to the disk ---- */

static struct error *cannot_sync(const struct image_directory *directory, const char *what)
{
	int number = errno;
	struct error *error = fail_number(number, "could not have %s in %s on the disk", what, directory->path);

	/* Room for data is promised by write(), but by few network file systems. */
	if (number == ENOSPC || number == EDQUOT)
		return image_explain_write(directory, error);
	return with_hint(error, "Look for errors of the disk in the kernel's log.");
}

static struct error *for_each_file(struct image_directory *directory, bool committed, int (*action)(int))
{
	const struct image_pending *pending = directory->pending;
	char name[PART_NAME_MAX];

	for (size_t i = 0; i < pending->count; i++) {
		const struct pending_name *entry = &pending->names[i];
		cleanup_close int fd = -1;

		if (entry->empty || entry->service)
			continue;
		if (committed)
			memcpy(name, entry->name, sizeof(entry->name));
		else
			part_name(entry->name, name);
		fd = openat(directory->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || action(fd))
			return cannot_sync(directory, name);
	}
	return NULL;
}

/* Only begins; what it cannot tell, fsync() will. */
static int begin_writeback(int fd)
{
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

/* Names first seen by a reader after a crash must lead to what was written. Each fsync() waits for the disk
 * to empty its cache, so many files are faster together with all else that the file system has to write:
 * 1,000 in 15 ms instead of 90. A few are faster alone. */
static struct error *sync_files(struct image_directory *directory, bool committed)
{
	if (directory->no_sync)
		return NULL;
	if (directory->pending->count <= FSYNC_FILES) {
		TRY(for_each_file(directory, committed, begin_writeback));
		return for_each_file(directory, committed, fsync);
	}
	return syncfs(directory->fd) ? cannot_sync(directory, "the images") : NULL;
}

static struct error *sync_names(const struct image_directory *directory)
{
	if (directory->no_sync || !fsync(directory->fd) || errno == EINVAL) /* some file systems cannot */
		return NULL;
	return fail_errno("could not have the names in %s on the disk", directory->path);
}

struct error *image_directory_sync(struct image_directory *directory)
{
	TRY(sync_files(directory, true));
	directory->pending->count = 0;
	return sync_names(directory);
}

/* ---- what is left of others ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct names {
	const char **items;
	size_t count;
};

static bool is_new(const struct names *names, const char *name)
{
	return bsearch(&name, names->items, names->count, sizeof(*names->items), compare_names);
}

/* An image of an earlier set, or what an interrupted run left. What is not known for sure to be of
 * an earlier dump stays: cpuinfo.img can be made before the dump. */
static bool is_left_over(const char *name, const struct names *names, const struct image_checksums *old)
{
	size_t length = strlen(name), ending = sizeof(".part") - 1;
	char stem[IMAGE_NAME_MAX];
	enum image_id id;
	bool part = length > ending && !strcmp(name + length - ending, ".part");

	if (part)
		length -= ending;
	if (length >= sizeof(stem))
		return false;
	memcpy(stem, name, length);
	stem[length] = '\0';
	id = image_find_name(stem);
	if (id == IMAGE_NONE || image_describe(id)->flags & IMAGE_SERVICE || is_new(names, stem))
		return false;
	return part || id != IMAGE_CPUINFO || checksums_name(old, stem);
}

static struct error *delete_left_overs(struct image_directory *directory, const struct names *names,
				       const struct image_checksums *old)
{
	int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_closedir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!list) {
		struct error *error = fail_errno("could not list %s", directory->path);

		if (fd >= 0)
			close(fd);
		return error;
	}
	while ((entry = readdir(list)))
		if (is_left_over(entry->d_name, names, old) && unlinkat(directory->fd, entry->d_name, 0) &&
		    errno != ENOENT)
			return fail_errno("could not delete the old %s in %s", entry->d_name, directory->path);
	return NULL;
}

static struct error *delete_older(struct image_directory *directory)
{
	const struct image_pending *pending = directory->pending;
	cleanup_free const char **items = malloc((pending->count + 1) * sizeof(*items));
	struct names names = { items, 0 };
	struct image_checksums *old = NULL;
	struct error *error;

	if (!items)
		return out_of_memory();
	for (size_t i = 0; i < pending->count; i++)
		if (!pending->names[i].empty)
			items[names.count++] = pending->names[i].name;
	qsort(items, names.count, sizeof(*items), compare_names);
	error_free(checksums_read(directory, &old)); /* those of a damaged set tell nothing */
	error = delete_left_overs(directory, &names, old);
	checksums_free(old);
	return error;
}

/* ---- in order ---- */

static const struct pending_name *find_inventory(const struct image_directory *directory)
{
	for (size_t i = 0; i < directory->pending->count; i++)
		if (directory->pending->names[i].id == IMAGE_INVENTORY)
			return &directory->pending->names[i];
	return NULL;
}

static struct error *commit_set(struct image_directory *directory, const struct pending_name *inventory)
{
	const struct image_pending *pending = directory->pending;

	/* From here to the last rename nobody can take old and new images for one set. */
	if (unlinkat(directory->fd, inventory->name, 0) && errno != ENOENT)
		return fail_errno("could not delete the old %s in %s", inventory->name, directory->path);
	if (!directory->shared)
		TRY(delete_older(directory));
	for (size_t i = 0; i < pending->count; i++)
		if (&pending->names[i] != inventory)
			TRY(commit_name(directory, &pending->names[i]));
	return commit_name(directory, inventory);
}

struct error *image_directory_commit(struct image_directory *directory)
{
	struct image_pending *pending = directory->pending;

	if (find_inventory(directory))
		TRY(checksums_write(directory)); /* may move the list */
	if (!directory->sync_later)
		TRY(sync_files(directory, false));
	if (find_inventory(directory))
		TRY(commit_set(directory, find_inventory(directory)));
	else
		for (size_t i = 0; i < pending->count; i++)
			TRY(commit_name(directory, &pending->names[i]));
	if (directory->sync_later)
		return NULL;
	pending->count = 0;
	return sync_names(directory);
}

/* ---- a directory that is none ---- */

struct error *image_directory_incomplete(struct image_directory *directory)
{
	int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_closedir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	size_t images = 0, parts = 0;
	const struct dirent *entry;

	if (!list && fd >= 0)
		close(fd);
	while (list && (entry = readdir(list))) {
		size_t length = strlen(entry->d_name);

		images += image_find_name(entry->d_name) != IMAGE_NONE;
		parts += length > 5 && !strcmp(entry->d_name + length - 5, ".part");
	}
	if (!images && !parts)
		return with_hint(fail("inventory.img is missing in %s", directory->path),
				 "Name the directory of a complete dump with --images-dir.");
	return with_hint(with_detail(fail("the images in %s are incomplete: inventory.img is missing", directory->path),
				     "There are %zu other images, %zu of them unfinished. The inventory is written last: "
				     "the dump was interrupted, failed, or is still going on.",
				     images + parts, parts),
			 "Use the images of a dump that succeeded, or dump again.");
}
