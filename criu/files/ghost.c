// SPDX-License-Identifier: GPL-2.0
/*
 * ghost: a deleted file that is still open. Its contents go into an image of their own; at
 * restore it is made under a temporary name, opened by all who had it, and deleted again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "model/context.h"
#include "model/traces.h"
#include "files/collection.h"
#include "files/files.h"
#include "files/ghost.h"
#include "files/plan.h"
#include "image/record.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/options.h"

enum { CHUNKED_FROM = 12288, COPY_BYTES = 64 * 1024 };

/* ---- dump ---- */

static GhostFileEntry *describe(struct dump *dump, const struct stat *stat)
{
	GhostFileEntry *entry = new_message(dump->arena, ghost_file_entry);

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

static struct error *write_ghost(struct dump *dump, uint32_t id, int fd, const struct stat *stat)
{
	cleanup_image_writer struct image_writer *writer = NULL;
	GhostFileEntry *entry = describe(dump, stat);
	bool chunks = S_ISREG(stat->st_mode) && stat->st_size >= CHUNKED_FROM;

	if (chunks) {
		SET(entry, chunks, true);
		SET(entry, size, stat->st_size);
	}
	TRY(image_create(dump->criu->images, IMAGE_GHOST_FILE, id, &writer));
	TRY(image_write(writer, &entry->base));
	if (chunks)
		TRY(write_chunks(writer, fd, stat->st_size));
	else if (S_ISREG(stat->st_mode))
		TRY(copy_out(writer, fd, 0, stat->st_size));
	return image_close(take_pointer(writer));
}

static struct error *check_ghost(struct dump *dump, const RegFileEntry *entry, int fd, const struct stat *stat)
{
	uint64_t limit = dump->criu->options->ghost_limit;

	if (S_ISREG(stat->st_mode) && (uint64_t)stat->st_blocks * 512 > limit)
		return with_hint(fail("the deleted file %s takes %llu bytes, more than the limit of %llu", entry->name,
				      (unsigned long long)stat->st_blocks * 512, (unsigned long long)limit),
				 "Raise --ghost-limit.");
	if (S_ISREG(stat->st_mode) && fd < 0)
		return fail("the deleted file %s could not be opened for reading", entry->name);
	if (!S_ISREG(stat->st_mode) && !S_ISDIR(stat->st_mode) && !S_ISFIFO(stat->st_mode))
		return with_hint(fail("the deleted file %s is no regular file", entry->name),
				 "Close it before the dump.");
	return NULL;
}

struct error *ghost_dump(struct dump *dump, RegFileEntry *entry, int fd, const struct stat *stat)
{
	struct file_collection *files = dump->files;
	RemapFilePathEntry *remap = new_message(dump->arena, remap_file_path_entry);
	uint32_t id = 0;

	TRY(check_ghost(dump, entry, fd, stat));
	for (size_t i = 0; i < files->ghost_count && !id; i++)
		if (files->ghosts[i].device == stat->st_dev && files->ghosts[i].inode == stat->st_ino)
			id = files->ghosts[i].ghost_id;
	if (!id) {
		id = files->ghost_count + 1;
		TRY(write_ghost(dump, id, fd, stat));
		*arena_append(dump->arena, files->ghosts, files->ghost_count, files->ghost_capacity) =
		    (struct seen_ghost){ stat->st_dev, stat->st_ino, id };
	}
	remap->orig_id = entry->id ?: dump->next_file_id;
	remap->remap_id = id;
	SET(remap, remap_type, REMAP_TYPE__GHOST);
	*arena_append(dump->arena, files->remaps, files->remap_count, files->remap_capacity) = remap;
	return NULL;
}

/* ---- restore ---- */

static struct error *read_entry(struct restore *restore, struct planned_ghost *ghost)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	const GhostFileEntry *entry;

	TRY(image_open(restore->criu->images, IMAGE_GHOST_FILE, ghost->id, &reader));
	TRY(image_read(reader, &ghost_file_entry__descriptor, restore->arena, &entry));
	if (!entry)
		return fail("the image of deleted file %u is missing", ghost->id);
	ghost->device = entry->has_dev ? entry->dev : 0;
	ghost->inode = entry->has_ino ? entry->ino : 0;
	return NULL;
}

struct error *ghosts_keep(struct restore *restore)
{
	struct file_plan *plan = restore->files;

	if (plan->ghosts_kept)
		return NULL;
	plan->ghosts_kept = true;
	for (size_t i = 0; i < plan->ghost_count; i++)
		TRY(read_entry(restore, &plan->ghosts[i]));
	return NULL;
}

struct error *ghost_open(struct planned_ghost *ghost)
{
	ghost->fd = open(ghost->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return ghost->fd < 0 ? fail_errno("could not open %s", ghost->path) : NULL;
}

static struct error *copy_in(struct image_reader *reader, int fd, off_t offset, uint64_t length)
{
	cleanup_free char *buffer = malloc(COPY_BYTES);

	if (!buffer)
		return out_of_memory();
	while (length) {
		size_t step = length < COPY_BYTES ? length : COPY_BYTES;

		TRY(image_read_bytes(reader, buffer, step));
		TRY(pwrite_exactly(fd, buffer, step, offset));
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
				  const char *path)
{
	cleanup_close int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fail_errno("could not create %s", path);
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

struct error *ghost_create(struct restore *restore, struct planned_ghost *ghost)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	const GhostFileEntry *entry;
	ProtobufCMessage *message;

	TRY(trace_file(restore, ghost->path));
	TRY(image_open(restore->criu->images, IMAGE_GHOST_FILE, ghost->id, &reader));
	TRY(image_read(reader, &ghost_file_entry__descriptor, restore->arena, &message));
	if (!message)
		return fail("the image of deleted file %u is missing", ghost->id);
	entry = (const GhostFileEntry *)message;
	if (S_ISREG(entry->mode))
		return make_regular(restore, reader, entry, ghost->path);
	if (S_ISDIR(entry->mode) ? mkdir(ghost->path, entry->mode & 07777) : mkfifo(ghost->path, entry->mode & 07777))
		return fail_errno("could not create %s", ghost->path);
	if (chown(ghost->path, entry->uid, entry->gid))
		return fail_errno("could not set the owner of %s", ghost->path);
	return NULL;
}

void ghost_remove(const struct planned_ghost *ghost)
{
	if (unlink(ghost->path))
		(void)rmdir(ghost->path);
}
