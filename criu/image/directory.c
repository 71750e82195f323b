// SPDX-License-Identifier: GPL-2.0
/* The images and work directories, temporary names and the commit. */
#include "image/directory.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/record.h"
#include "support/cleanup.h"

enum { IMAGE_FILE_MODE = 0600, PART_NAME_MAX = IMAGE_NAME_MAX + 8 };

struct pending_name {
	char name[IMAGE_NAME_MAX];
	bool empty;   /* no file was made: an older one goes */
	bool service; /* in the work directory */
};

struct image_pending {
	pthread_mutex_t lock;
	struct pending_name *names;
	size_t count, capacity;
};

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

static void part_name(const char *name, char part[PART_NAME_MAX])
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
	TRY(open_directory(AT_FDCWD, path, &directory->fd));
	directory->work_fd = directory->fd;
	if (work_path)
		TRY(open_directory(AT_FDCWD, work_path, &directory->work_fd));
	if (for_writing && faccessat(directory->fd, ".", W_OK | X_OK, AT_EACCESS))
		return with_hint(fail_errno("cannot write images into %s", path),
				 "Name a directory that you may write to with --images-dir.");
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
	return NULL;
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
	free(directory->pending);
	free(directory->path);
	free(directory);
}

/* ---- names that wait ---- */

static struct error *add_pending(struct image_directory *directory, const char *name, bool service, bool empty)
{
	struct image_pending *pending = directory->pending;
	struct pending_name *entry;
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
		entry = &pending->names[pending->count++];
		snprintf(entry->name, sizeof(entry->name), "%s", name);
		entry->service = service;
		entry->empty = empty;
	}
	pthread_mutex_unlock(&pending->lock);
	return error;
}

/* The newest entries are the likely ones. */
static bool remove_pending(struct image_directory *directory, const char *name)
{
	struct image_pending *pending = directory->pending;
	bool found = false;

	pthread_mutex_lock(&pending->lock);
	for (size_t i = pending->count; i-- > 0 && !found;) {
		if (strcmp(pending->names[i].name, name))
			continue;
		pending->names[i] = pending->names[--pending->count];
		found = true;
	}
	pthread_mutex_unlock(&pending->lock);
	return found;
}

struct error *image_directory_create(struct image_directory *directory, enum image_id id, uint64_t key, int flags,
				     int *ret_fd)
{
	char name[IMAGE_NAME_MAX], part[PART_NAME_MAX];
	int at = directory_of(directory, is_service(id));

	image_name(id, key, name);
	part_name(name, part);
	flags |= O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	*ret_fd = openat(at, part, flags, IMAGE_FILE_MODE);
	if (*ret_fd < 0 && errno == EEXIST && !unlinkat(at, part, 0)) /* of a run that was interrupted */
		*ret_fd = openat(at, part, flags, IMAGE_FILE_MODE);
	if (*ret_fd < 0)
		return fail_errno("could not create %s in %s", part, directory->path);
	return add_pending(directory, name, is_service(id), false);
}

struct error *image_directory_forget(struct image_directory *directory, enum image_id id, uint64_t key)
{
	char name[IMAGE_NAME_MAX];

	image_name(id, key, name);
	return add_pending(directory, name, is_service(id), true);
}

void image_directory_drop(struct image_directory *directory, enum image_id id, uint64_t key)
{
	char name[IMAGE_NAME_MAX], part[PART_NAME_MAX];

	image_name(id, key, name);
	part_name(name, part);
	if (remove_pending(directory, name))
		unlinkat(directory_of(directory, is_service(id)), part, 0);
}

struct error *image_directory_find(struct image_directory *directory, enum image_id id, uint64_t key, int flags,
				   int *ret_fd)
{
	char name[IMAGE_NAME_MAX];
	struct stat stat;

	image_name(id, key, name);
	*ret_fd = openat(directory_of(directory, is_service(id)), name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*ret_fd < 0)
		return errno == ENOENT ? NULL : fail_errno("could not open %s in %s", name, directory->path);
	if (!fstat(*ret_fd, &stat) && S_ISREG(stat.st_mode))
		return NULL;
	close(*ret_fd);
	*ret_fd = -1;
	return fail("%s in %s is not a regular file", name, directory->path);
}

struct error *image_open_raw(struct image_directory *directory, enum image_id id, uint64_t key, int flags, int *ret_fd)
{
	if (flags & O_CREAT)
		return image_directory_create(directory, id, key, flags, ret_fd);
	return image_directory_find(directory, id, key, flags, ret_fd);
}

/* ---- the end of a run ---- */

static struct error *commit_name(struct image_directory *directory, const struct pending_name *entry)
{
	int at = directory_of(directory, entry->service);
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

struct error *image_directory_commit_one(struct image_directory *directory, enum image_id id, uint64_t key)
{
	struct pending_name entry = { .service = is_service(id) };

	image_name(id, key, entry.name);
	remove_pending(directory, entry.name);
	return commit_name(directory, &entry);
}

struct error *image_directory_commit(struct image_directory *directory)
{
	struct image_pending *pending = directory->pending;
	const char *last = image_describe(IMAGE_INVENTORY)->name;
	struct pending_name *inventory = NULL;

	for (size_t i = 0; i < pending->count; i++)
		if (!strcmp(pending->names[i].name, last))
			inventory = &pending->names[i];
	/* From here to the last rename nobody can take old and new images for one set. */
	if (inventory && unlinkat(directory->fd, last, 0) && errno != ENOENT)
		return fail_errno("could not delete the old %s in %s", last, directory->path);
	for (size_t i = 0; i < pending->count; i++)
		if (&pending->names[i] != inventory)
			TRY(commit_name(directory, &pending->names[i]));
	if (inventory)
		TRY(commit_name(directory, inventory));
	pending->count = 0;
	return NULL;
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
