// SPDX-License-Identifier: GPL-2.0
/*
 * ghost: a deleted file that is still open. Its contents go into an image of their own; at
 * restore it is made under a temporary name, opened by all who had it, and deleted again.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "model/context.h"
#include "model/traces.h"
#include "files/collection.h"
#include "files/files.h"
#include "files/ghost.h"
#include "files/locks.h"
#include "files/plan.h"
#include "image/record.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"
#include "support/options.h"

enum {
	CHUNKED_FROM = 12288,
	COPY_BYTES = 64 * 1024,
	MEMORY_BYTES = 32 << 20, /* so much of small files is kept in memory while the tree stands still */
};

/* A small file, whose image is made when the tree may run again. */
struct small_ghost {
	uint32_t id;
	GhostFileEntry *entry;
	char *data;
	size_t length;
};

/* ---- dump ---- */

static GhostFileEntry *describe(struct dump *dump, int fd, const struct stat *stat)
{
	GhostFileEntry *entry = new_message(dump->arena, ghost_file_entry);
	char target[PATH_MAX];
	ssize_t length = S_ISLNK(stat->st_mode) ? readlinkat(fd, "", target, sizeof(target) - 1) : -1;

	if (length >= 0) {
		target[length] = '\0';
		entry->symlnk_target = arena_string(dump->arena, target);
	}
	entry->uid = stat->st_uid;
	entry->gid = stat->st_gid;
	entry->mode = stat->st_mode;
	/* The kernel's own encoding of device numbers. */
	SET(entry, dev, major(stat->st_dev) << 20 | minor(stat->st_dev));
	SET(entry, ino, stat->st_ino);
	if (S_ISCHR(stat->st_mode) || S_ISBLK(stat->st_mode))
		SET(entry, rdev, major(stat->st_rdev) << 20 | minor(stat->st_rdev));
	entry->atim = new_message(dump->arena, timeval);
	entry->atim->tv_sec = stat->st_atim.tv_sec;
	entry->atim->tv_usec = stat->st_atim.tv_nsec / 1000;
	entry->mtim = new_message(dump->arena, timeval);
	entry->mtim->tv_sec = stat->st_mtim.tv_sec;
	entry->mtim->tv_usec = stat->st_mtim.tv_nsec / 1000;
	return entry;
}

static struct error *copy_out(struct image_writer *writer, int fd, off_t offset, uint64_t length)
{
	cleanup_free char *buffer = malloc(COPY_BYTES);

	if (!buffer)
		return out_of_memory();
	while (length) {
		size_t step = length < COPY_BYTES ? length : COPY_BYTES;

		TRY(pread_exactly(fd, buffer, step, offset));
		TRY(image_write_bytes(writer, buffer, step));
		offset += step;
		length -= step;
	}
	return NULL;
}

/* Only what is not a hole. */
static struct error *write_chunks(struct image_writer *writer, int fd, off_t size)
{
	off_t data = 0;

	while (data < size && (data = lseek(fd, data, SEEK_DATA)) >= 0) {
		off_t hole = lseek(fd, data, SEEK_HOLE);
		GhostChunkEntry chunk;

		if (hole < 0)
			return fail_errno("could not find the holes of a deleted file");
		ghost_chunk_entry__init(&chunk);
		chunk.off = data;
		chunk.len = hole - data;
		TRY(image_write(writer, &chunk.base));
		TRY(copy_out(writer, fd, data, chunk.len));
		data = hole;
	}
	return data < 0 && errno != ENXIO ? fail_errno("could not find the data of a deleted file") : NULL;
}

/* A file with holes, or a large one. */
static struct error *write_large(struct dump *dump, uint32_t id, int fd, const struct stat *stat)
{
	cleanup_image_writer struct image_writer *writer = NULL;
	GhostFileEntry *entry = describe(dump, fd, stat);

	SET(entry, chunks, true);
	SET(entry, size, stat->st_size);
	TRY(image_create(dump->criu->images, IMAGE_GHOST_FILE, id, &writer));
	TRY(image_write(writer, &entry->base));
	TRY(write_chunks(writer, fd, stat->st_size));
	return image_close(take_pointer(writer));
}

static struct error *write_small(struct dump *dump, const struct small_ghost *ghost)
{
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(dump->criu->images, IMAGE_GHOST_FILE, ghost->id, &writer));
	TRY(image_write(writer, &ghost->entry->base));
	TRY(image_write_bytes(writer, ghost->data, ghost->length));
	return image_close(take_pointer(writer));
}

/* fd can be read if it is a regular file. */
static struct error *save_small(struct dump *dump, uint32_t id, int fd, const struct stat *stat)
{
	struct file_collection *files = dump->files;
	struct small_ghost ghost = { .id = id, .entry = describe(dump, fd, stat) };

	ghost.length = S_ISREG(stat->st_mode) ? stat->st_size : 0;
	ghost.data = arena_alloc(dump->arena, ghost.length);
	if (ghost.length)
		TRY(pread_exactly(fd, ghost.data, ghost.length, 0));
	files->small_ghost_bytes += ghost.length;
	if (files->small_ghost_bytes > MEMORY_BYTES)
		return write_small(dump, &ghost);
	*arena_append(dump->arena, files->small_ghosts, files->small_ghost_count, files->small_ghost_capacity) = ghost;
	return NULL;
}

struct error *ghost_write(struct dump *dump)
{
	for (size_t i = 0; i < dump->files->small_ghost_count; i++)
		TRY(write_small(dump, &dump->files->small_ghosts[i]));
	return NULL;
}

static struct error *check_size(struct dump *dump, const RegFileEntry *entry, const struct stat *stat)
{
	uint64_t limit = dump->criu->options->ghost_limit, size = (uint64_t)stat->st_blocks * 512;

	if (!S_ISREG(stat->st_mode) || size <= limit)
		return NULL;
	return with_hint(fail("the deleted file %s takes %llu bytes, more than the limit of %llu", entry->name,
			      (unsigned long long)size, (unsigned long long)limit),
			 "Raise --ghost-limit.");
}

static bool can_be_read(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !(flags & (O_PATH | O_DIRECT)) && (flags & O_ACCMODE) != O_WRONLY;
}

/* Opening a file that has a lease could break it, and would wait for that. Looking for holes moves the position of a
 * description, which is put back. */
static struct error *save_leased(struct dump *dump, const RegFileEntry *entry, uint32_t id, int fd, const struct stat *stat)
{
	off_t position = lseek(fd, 0, SEEK_CUR);
	struct error *error;

	if (!can_be_read(fd))
		return with_hint(fail("the deleted file %s has a lease and cannot be read without breaking it", entry->name),
				 "Let the program give up the lease before the dump.");
	error = write_large(dump, id, fd, stat);
	if (lseek(fd, position, SEEK_SET) < 0 && !error)
		return fail_errno("could not put back the position of %s", entry->name);
	return error;
}

static struct error *save(struct dump *dump, const RegFileEntry *entry, uint32_t id, int fd, const struct stat *stat)
{
	bool small = !S_ISREG(stat->st_mode) || stat->st_size < CHUNKED_FROM;
	cleanup_close int readable = -1;
	char path[32];

	if (small && (!S_ISREG(stat->st_mode) || can_be_read(fd)))
		return save_small(dump, id, fd, stat);
	if (locks_leased(dump, fd, stat->st_ino))
		return save_leased(dump, entry, id, fd, stat);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	readable = open(path, O_RDONLY | O_CLOEXEC);
	if (readable < 0)
		return fail_errno("the deleted file %s could not be opened for reading", entry->name);
	return small ? save_small(dump, id, readable, stat) : write_large(dump, id, readable, stat);
}

struct error *ghost_dump(struct dump *dump, const RegFileEntry *entry, int fd, const struct stat *stat, uint32_t *ret_id)
{
	struct file_collection *files = dump->files;

	TRY(check_size(dump, entry, stat));
	for (size_t i = 0; i < files->ghost_count; i++)
		if (files->ghosts[i].device == stat->st_dev && files->ghosts[i].inode == stat->st_ino) {
			*ret_id = files->ghosts[i].ghost_id;
			return NULL;
		}
	*ret_id = files->ghost_count + 1;
	TRY(save(dump, entry, *ret_id, fd, stat));
	*arena_append(dump->arena, files->ghosts, files->ghost_count, files->ghost_capacity) =
	    (struct seen_ghost){ stat->st_dev, stat->st_ino, *ret_id };
	return NULL;
}

/* ---- restore ---- */

void ghosts_keep(struct restore *restore)
{
	restore->files->ghosts_kept = true;
}

struct error *ghost_open(struct planned_ghost *ghost)
{
	ghost->fd = open(ghost->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return ghost->fd < 0 ? fail_errno("could not open %s", ghost->path) : NULL;
}

/* Files of huge pages (hugetlbfs) can be mapped, and not be written. */
static struct error *put_by_mapping(int fd, const char *data, size_t length, off_t offset)
{
	off_t first, end = offset + (off_t)length;
	struct stat stat;
	char *memory;

	if (fstat(fd, &stat))
		return fail_errno("could not examine a file");
	first = offset / stat.st_blksize * stat.st_blksize;
	end = (end + stat.st_blksize - 1) / stat.st_blksize * stat.st_blksize;
	if (end > stat.st_size && ftruncate(fd, end))
		return fail_errno("could not set the size of a deleted file");
	memory = mmap(NULL, end - first, PROT_READ | PROT_WRITE, MAP_SHARED, fd, first);
	if (memory == MAP_FAILED)
		return with_hint(fail_errno("could not map a file of huge pages"), "Reserve more huge pages (vm.nr_hugepages).");
	memcpy(memory + offset - first, data, length);
	munmap(memory, end - first);
	return NULL;
}

static struct error *put(int fd, const char *data, size_t length, off_t offset)
{
	struct error *error = pwrite_exactly(fd, data, length, offset);
	struct statfs system;

	if (!error || error->number != EINVAL || fstatfs(fd, &system) || system.f_type != HUGETLBFS_MAGIC)
		return error;
	error_free(error);
	return put_by_mapping(fd, data, length, offset);
}

static struct error *copy_in(struct image_reader *reader, int fd, off_t offset, uint64_t length)
{
	cleanup_free char *buffer = malloc(COPY_BYTES);

	if (!buffer)
		return out_of_memory();
	while (length) {
		size_t step = length < COPY_BYTES ? length : COPY_BYTES;

		TRY(image_read_bytes(reader, buffer, step));
		TRY(put(fd, buffer, step, offset));
		offset += step;
		length -= step;
	}
	return NULL;
}

static struct error *fill_chunks(struct restore *restore, struct image_reader *reader, const GhostFileEntry *entry,
				 int fd)
{
	for (;;) {
		const GhostChunkEntry *chunk;
		ProtobufCMessage *message;

		TRY(image_read(reader, &ghost_chunk_entry__descriptor, restore->arena, &message));
		if (!message)
			break;
		chunk = (const GhostChunkEntry *)message;
		if (chunk->off > entry->size || chunk->len > entry->size - chunk->off)
			return fail("the image is damaged: %s has data behind its end", reader->name);
		TRY(copy_in(reader, fd, chunk->off, chunk->len));
	}
	return ftruncate(fd, entry->size) ? fail_errno("could not set the size of a deleted file") : NULL;
}

static struct error *make_regular(struct restore *restore, struct image_reader *reader, const GhostFileEntry *entry,
				  struct planned_ghost *ghost, int directory, const char *name)
{
	const char *path = ghost->path;
	cleanup_close int fd = openat(directory, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return with_hint(fail_errno("could not create %s", path),
				 "The deleted file %s needs its directory, and no other file with that temporary name.",
				 ghost->name);
	trace_made(restore, path);
	ghost->made = true;
	if (entry->has_chunks && entry->chunks)
		TRY(fill_chunks(restore, reader, entry, fd));
	else
		TRY(copy_in(reader, fd, 0, reader->size - reader->offset));
	if (fchown(fd, entry->uid, entry->gid) || fchmod(fd, entry->mode & 07777))
		return fail_errno("could not set owner and mode of %s", path);
	if (entry->atim && entry->mtim) {
		struct timespec times[2] = { { entry->atim->tv_sec, entry->atim->tv_usec * 1000 },
					     { entry->mtim->tv_sec, entry->mtim->tv_usec * 1000 } };

		(void)futimens(fd, times);
	}
	return NULL;
}

struct error *ghost_read(struct restore *restore, struct planned_ghost *ghost)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	const uint32_t types[] = { S_IFREG, S_IFDIR, S_IFIFO, S_IFLNK, S_IFSOCK, S_IFCHR, S_IFBLK };
	GhostFileEntry *entry;

	TRY(image_open(restore->criu->images, IMAGE_GHOST_FILE, ghost->id, &reader));
	TRY(image_read(reader, &ghost_file_entry__descriptor, restore->arena, &entry));
	if (!entry)
		return fail("the image of the deleted file %s is missing", ghost->name);
	ghost->entry = entry;
	ghost->device = entry->has_dev ? entry->dev : 0;
	ghost->inode = entry->has_ino ? entry->ino : 0;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((entry->mode & S_IFMT) == types[i])
			return S_ISLNK(entry->mode) && !entry->symlnk_target
				   ? fail("the image is damaged: the deleted link %s has no target", ghost->name)
				   : NULL;
	return fail("the image is damaged: the deleted file %s has mode 0%o", ghost->name, entry->mode);
}

/* Other users may write to the directory: the new file could be another one by now. */
static bool is_ours(int fd, const GhostFileEntry *entry)
{
	struct stat stat;

	return !fstat(fd, &stat) && (stat.st_mode & S_IFMT) == (entry->mode & S_IFMT) && stat.st_uid == geteuid() &&
	       (S_ISDIR(stat.st_mode) || stat.st_nlink == 1);
}

static struct error *set_owner(const GhostFileEntry *entry, const char *path, int directory, const char *name)
{
	cleanup_close int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char link[64];

	if (fd < 0)
		return fail_errno("could not open %s again", path);
	if (!is_ours(fd, entry))
		return with_hint(fail("%s was replaced by somebody else while it was restored", path),
				 "Look who else writes to its directory.");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (fchownat(fd, "", entry->uid, entry->gid, AT_EMPTY_PATH) ||
	    (!S_ISLNK(entry->mode) && chmod(link, entry->mode & 07777)))
		return fail_errno("could not set owner and mode of %s", path);
	return NULL;
}

static struct error *make_special(struct restore *restore, struct planned_ghost *ghost, int directory, const char *name)
{
	const GhostFileEntry *entry = ghost->entry;
	/* The kernel's own encoding of device numbers. */
	dev_t device = makedev(entry->rdev >> 20, entry->rdev & ((1 << 20) - 1));
	int result;

	if (S_ISDIR(entry->mode))
		result = mkdirat(directory, name, 0700);
	else if (S_ISLNK(entry->mode))
		result = symlinkat(entry->symlnk_target, directory, name);
	else
		result = mknodat(directory, name, entry->mode & ~077, device);
	if (result)
		return fail_errno("could not create %s", ghost->path);
	trace_made(restore, ghost->path);
	ghost->made = true;
	return set_owner(entry, ghost->path, directory, name);
}

/* The directory of a deleted file. Its path is one that the kernel has resolved: a symbolic link in it was put there
 * since, maybe to have files made where its maker may not. */
static struct error *open_place(const struct planned_ghost *ghost, int *ret_fd, const char **name)
{
	cleanup_free char *path = strdup(ghost->path);
	char *slash = path ? strrchr(path, '/') : NULL;

	if (!path)
		return out_of_memory();
	if (!slash)
		return fail("the image is damaged: the deleted file %s has no directory", ghost->name);
	*name = ghost->path + (slash - path) + 1;
	slash[slash == path] = '\0';
	*ret_fd = open_without_links(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (*ret_fd >= 0)
		return NULL;
	if (errno == ELOOP)
		return with_hint(fail("could not create %s: its directory is behind a symbolic link now", ghost->path),
				 "Put the directory back where it was.");
	return with_hint(fail_errno("could not create %s", ghost->path), "The deleted file %s needs its directory.",
			 ghost->name);
}

struct error *ghost_create(struct restore *restore, struct planned_ghost *ghost)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	const GhostFileEntry *entry;
	cleanup_close int directory = -1;
	const char *name = "";
	struct stat stat;

	/* The name it had, if nobody has it now: /proc shows the one by which it is opened. */
	if (lstat(ghost->name, &stat))
		ghost->path = ghost->name;
	TRY(open_place(ghost, &directory, &name));
	TRY(trace_file(restore, ghost->path));
	if (!S_ISREG(ghost->entry->mode))
		return make_special(restore, ghost, directory, name);
	TRY(image_open(restore->criu->images, IMAGE_GHOST_FILE, ghost->id, &reader));
	TRY(image_read(reader, &ghost_file_entry__descriptor, restore->arena, &entry));
	if (!entry)
		return fail("the image of the deleted file %s is missing", ghost->name);
	return make_regular(restore, reader, entry, ghost, directory, name);
}

void ghost_remove(struct planned_ghost *ghost)
{
	if (ghost->made && (S_ISDIR(ghost->entry->mode) ? rmdir(ghost->path) : unlink(ghost->path)))
		log_warning("could not remove %s: %s", ghost->path, strerror(errno));
	ghost->made = false;
}
