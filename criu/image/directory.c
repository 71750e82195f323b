// SPDX-License-Identifier: GPL-2.0
/* The images and work directories, temporary names and the commit. */
#include "image/directory.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "image/checksums.h"
#include "image/pending.h"
#include "image/record.h"
#include "support/cleanup.h"
#include "support/log.h"

enum { IMAGE_FILE_MODE = 0600, DIRECTORY_MODE = 0700 };

void image_name(enum image_id id, uint64_t key, char name[IMAGE_NAME_MAX])
{
	const char *template = image_describe(id)->name;
	const char *percent = strchr(template, '%');

	if (!percent)
		snprintf(name, IMAGE_NAME_MAX, "%s", template);
	else if (percent[1] == 'x')
		snprintf(name, IMAGE_NAME_MAX, "%.*s%lx%s", (int)(percent - template), template, key, percent + 2);
	else
		snprintf(name, IMAGE_NAME_MAX, "%.*s%lu%s", (int)(percent - template), template, key, percent + 2);
}

enum image_id image_find_name(const char *name)
{
	for (int id = 1; id < IMAGE_COUNT; id++) {
		const char *template = image_describe(id)->name, *percent = strchr(template, '%');
		char exact[IMAGE_NAME_MAX];
		uint64_t key = 0;

		if (percent) {
			if (strncmp(name, template, percent - template) || !isxdigit(name[percent - template]))
				continue;
			key = strtoull(name + (percent - template), NULL, percent[1] == 'x' ? 16 : 10);
		}
		image_name(id, key, exact);
		if (!strcmp(exact, name))
			return id;
	}
	return IMAGE_NONE;
}

void part_name(const char *name, char part[PART_NAME_MAX])
{
	snprintf(part, PART_NAME_MAX, "%s.part", name);
}

static int directory_of(const struct image_directory *directory, bool service)
{
	return service ? directory->work_fd : directory->fd;
}

static bool is_service(enum image_id id)
{
	return image_describe(id)->flags & IMAGE_SERVICE;
}

/* ---- the directory itself ---- */

static struct error *open_directory(int parent, const char *path, int *ret_fd)
{
	*ret_fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? fail_errno("could not open the directory %s", path) : NULL;
}

static struct error *new_directory(const char *path, struct image_directory **ret)
{
	struct image_directory *directory = calloc(1, sizeof(*directory));

	if (!directory)
		return out_of_memory();
	directory->fd = directory->work_fd = -1;
	directory->path = strdup(path);
	directory->pending = calloc(1, sizeof(*directory->pending));
	if (!directory->path || !directory->pending) {
		image_directory_close(directory);
		return out_of_memory();
	}
	pthread_mutex_init(&directory->pending->lock, NULL);
	*ret = directory;
	return NULL;
}

static void cleanup_directory(struct image_directory **directory)
{
	image_directory_close(*directory);
}

struct error *image_directory_open(const char *path, const char *work_path, bool for_writing,
				   struct image_directory **ret)
{
	__attribute__((cleanup(cleanup_directory))) struct image_directory *directory = NULL;

	TRY(new_directory(path, &directory));
	directory->for_writing = for_writing;
	if (for_writing && mkdir(path, DIRECTORY_MODE) && errno != EEXIST && errno != EROFS)
		return fail_errno("could not make the directory %s", path);
	TRY(open_directory(AT_FDCWD, path, &directory->fd));
	directory->work_fd = directory->fd;
	if (work_path)
		TRY(open_directory(AT_FDCWD, work_path, &directory->work_fd));
	if (for_writing && faccessat(directory->fd, ".", W_OK | X_OK, AT_EACCESS))
		return with_hint(fail_errno("cannot write images into %s", path),
				 "Name a directory that you may write to with --images-dir.");
	if (!for_writing)
		TRY(checksums_read(directory, &directory->checksums));
	*ret = take_pointer(directory);
	return NULL;
}

struct error *image_directory_open_parent(struct image_directory *directory, struct image_directory **ret)
{
	cleanup_close int fd = openat(directory->fd, IMAGE_PARENT_LINK, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *path = NULL;
	struct stat stat;

	*ret = NULL;
	if (fd < 0) {
		int number = errno;

		if (number == ENOENT && fstatat(directory->fd, IMAGE_PARENT_LINK, &stat, AT_SYMLINK_NOFOLLOW))
			return NULL;
		return fail_number(number, "could not open the parent images of %s", directory->path);
	}
	if (asprintf(&path, "%s/%s", directory->path, IMAGE_PARENT_LINK) < 0) {
		path = NULL;
		return out_of_memory();
	}
	TRY(new_directory(path, ret));
	(*ret)->work_fd = (*ret)->fd = take_fd(&fd);
	return directory->for_writing ? NULL : checksums_read(*ret, &(*ret)->checksums);
}

void image_directory_warn(const struct image_directory *directory)
{
	struct stat stat;

	if (fstat(directory->fd, &stat))
		return;
	if (stat.st_uid && stat.st_uid != geteuid())
		log_warning("the images in %s belong to user %u, who can have anything run as anybody by changing them",
			    directory->path, stat.st_uid);
	else if ((stat.st_mode & S_IWOTH) && !(stat.st_mode & S_ISVTX))
		log_warning("everybody can write to %s, and have anything run as anybody by changing the images",
			    directory->path);
}

struct error *image_directory_lock(struct image_directory *directory)
{
	if (!flock(directory->fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK)
		return NULL; /* not every file system can lock */
	return with_hint(fail("another criu is writing images into %s", directory->path),
			 "Wait until it has ended, or name another directory with --images-dir.");
}

struct error *image_directory_set_parent(struct image_directory *directory, const char *text)
{
	if (symlinkat(text, directory->fd, IMAGE_PARENT_LINK) && errno != EEXIST)
		return fail_errno("could not make the link %s/%s", directory->path, IMAGE_PARENT_LINK);
	return NULL;
}

void image_directory_close(struct image_directory *directory)
{
	if (!directory)
		return;
	if (directory->pending) {
		image_directory_abandon(directory);
		pthread_mutex_destroy(&directory->pending->lock);
		free(directory->pending->names);
	}
	if (directory->work_fd >= 0 && directory->work_fd != directory->fd)
		close(directory->work_fd);
	if (directory->fd >= 0)
		close(directory->fd);
	checksums_free(directory->checksums);
	free(directory->pending);
	free(directory->path);
	free(directory);
}

/* ---- names that wait ---- */

static struct error *add_pending(struct image_directory *directory, const char *name, enum image_id id, bool empty)
{
	struct image_pending *pending = directory->pending;
	struct error *error = NULL;

	pthread_mutex_lock(&pending->lock);
	if (pending->count == pending->capacity) {
		size_t capacity = pending->capacity ? pending->capacity * 2 : 64;
		struct pending_name *names = realloc(pending->names, capacity * sizeof(*names));

		if (names) {
			pending->names = names;
			pending->capacity = capacity;
		} else {
			error = out_of_memory();
		}
	}
	if (!error) {
		struct pending_name *entry = &pending->names[pending->count++];

		*entry = (struct pending_name){ .id = id, .service = is_service(id), .empty = empty };
		snprintf(entry->name, sizeof(entry->name), "%s", name);
	}
	pthread_mutex_unlock(&pending->lock);
	return error;
}

/* The newest entries are the likely ones. Locked. */
static struct pending_name *find_pending(struct image_pending *pending, const char *name)
{
	for (size_t i = pending->count; i-- > 0;)
		if (!strcmp(pending->names[i].name, name))
			return &pending->names[i];
	return NULL;
}

static bool remove_pending(struct image_directory *directory, const char *name)
{
	struct image_pending *pending = directory->pending;
	struct pending_name *found;

	pthread_mutex_lock(&pending->lock);
	found = find_pending(pending, name);
	if (found)
		*found = pending->names[--pending->count];
	pthread_mutex_unlock(&pending->lock);
	return found;
}

void image_directory_set_hash(struct image_directory *directory, enum image_id id, uint64_t key, uint64_t size,
			      uint64_t hash)
{
	struct pending_name *found;
	char name[IMAGE_NAME_MAX];

	image_name(id, key, name);
	pthread_mutex_lock(&directory->pending->lock);
	found = find_pending(directory->pending, name);
	if (found) {
		found->hashed = true;
		found->size = size;
		found->hash = hash;
	}
	pthread_mutex_unlock(&directory->pending->lock);
}

void image_set_blocks(struct image_directory *directory, uint64_t pages_id, const struct image_block *blocks,
		      size_t count)
{
	struct pending_name *found;
	char name[IMAGE_NAME_MAX];

	image_name(IMAGE_PAGES, pages_id, name);
	pthread_mutex_lock(&directory->pending->lock);
	found = find_pending(directory->pending, name);
	if (found) {
		found->blocks = blocks;
		found->block_count = count;
	}
	pthread_mutex_unlock(&directory->pending->lock);
}

struct error *image_directory_create(struct image_directory *directory, enum image_id id, uint64_t key, int flags,
				     int *ret_fd)
{
	char name[IMAGE_NAME_MAX], part[PART_NAME_MAX];
	int at = directory_of(directory, is_service(id));
	struct error *error;

	if (directory->discard) {
		*ret_fd = memfd_create("image", MFD_CLOEXEC);
		return *ret_fd < 0 ? fail_errno("could not make a memory file") : NULL;
	}
	image_name(id, key, name);
	part_name(name, part);
	flags |= O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	*ret_fd = openat(at, part, flags, IMAGE_FILE_MODE);
	if (*ret_fd < 0 && errno == EEXIST && !unlinkat(at, part, 0)) /* of a run that was interrupted */
		*ret_fd = openat(at, part, flags, IMAGE_FILE_MODE);
	if (*ret_fd < 0)
		return fail_errno("could not create %s in %s", part, directory->path);
	error = add_pending(directory, name, id, false);
	if (error) {
		unlinkat(at, part, 0);
		close(*ret_fd);
		*ret_fd = -1;
	}
	return error;
}

struct error *image_directory_forget(struct image_directory *directory, enum image_id id, uint64_t key)
{
	char name[IMAGE_NAME_MAX];

	image_name(id, key, name);
	return add_pending(directory, name, id, true);
}

void image_directory_drop(struct image_directory *directory, enum image_id id, uint64_t key)
{
	char name[IMAGE_NAME_MAX], part[PART_NAME_MAX];

	image_name(id, key, name);
	part_name(name, part);
	if (remove_pending(directory, name))
		unlinkat(directory_of(directory, is_service(id)), part, 0);
}

static struct error *check_found(struct image_directory *directory, enum image_id id, const char *name, int fd)
{
	struct stat stat;

	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode))
		return fail("%s in %s is not a regular file", name, directory->path);
	return is_service(id) ? NULL : checksums_check(directory, name, fd, stat.st_size);
}

struct error *image_directory_find(struct image_directory *directory, enum image_id id, uint64_t key, int flags,
				   int *ret_fd)
{
	struct error *error;
	char name[IMAGE_NAME_MAX];

	image_name(id, key, name);
	*ret_fd = openat(directory_of(directory, is_service(id)), name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*ret_fd < 0 && errno != ENOENT)
		return fail_errno("could not open %s in %s", name, directory->path);
	if (*ret_fd < 0) /* what the lack of an inventory means, others say better */
		return id == IMAGE_INVENTORY ? NULL : checksums_check_missing(directory, name);
	error = check_found(directory, id, name, *ret_fd);
	if (!error)
		return NULL;
	close(*ret_fd);
	*ret_fd = -1;
	return error;
}

struct error *image_open_raw(struct image_directory *directory, enum image_id id, uint64_t key, int flags, int *ret_fd)
{
	if (flags & O_CREAT)
		return image_directory_create(directory, id, key, flags, ret_fd);
	return image_directory_find(directory, id, key, flags, ret_fd);
}

struct error *image_explain_write(const struct image_directory *directory, struct error *error)
{
	struct statvfs room;
	int number = error ? error->number : 0;

	if (number == EDQUOT)
		return with_hint(error, "The quota of the images directory is used up: raise it, or name another "
					"directory with --images-dir.");
	if (number == EFBIG)
		return with_hint(error, "Files may not become that large here: look at ulimit -f.");
	if (number != ENOSPC)
		return error;
	if (!fstatvfs(directory->fd, &room))
		error = with_detail(error, "There are %lu MiB left on the disk of %s.",
				    (unsigned long)(room.f_bavail * room.f_frsize >> 20), directory->path);
	return with_hint(error, "Make room there, or name a directory on another disk with --images-dir.");
}

/* ---- the end of a run ---- */

struct error *image_directory_commit_one(struct image_directory *directory, enum image_id id, uint64_t key)
{
	struct pending_name entry = { .service = is_service(id) };

	image_name(id, key, entry.name);
	remove_pending(directory, entry.name);
	return commit_name(directory, &entry);
}

void image_directory_abandon(struct image_directory *directory)
{
	struct image_pending *pending = directory->pending;
	char part[PART_NAME_MAX];

	for (size_t i = 0; i < pending->count; i++) {
		if (pending->names[i].empty)
			continue;
		part_name(pending->names[i].name, part);
		unlinkat(directory_of(directory, pending->names[i].service), part, 0);
	}
	pending->count = 0;
}
