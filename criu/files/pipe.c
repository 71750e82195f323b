// SPDX-License-Identifier: GPL-2.0
/*
 * pipe and fifo: two ends, a capacity, and what was written and not yet read. Contents are taken with
 * tee(2), which consumes nothing and keeps the bounds of packets. Both ends of a pipe are made at once by whichever comes first.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "model/context.h"
#include "files/collection.h"
#include "files/files.h"
#include "files/inherited.h"
#include "files/plan.h"
#include "image/record.h"
#include "support/cleanup.h"
#include "support/file.h"

enum {
	LARGE_FILE = 0100000, /* O_LARGEFILE, which the C library hides on 64-bit machines */
	PACKET_MAX = 4096,    /* PIPE_BUF: more is written as several packets, pipe(7) */
};

/* What a pipe holds, once for each pipe. */
struct pipe_contents {
	ino_t inode;
	uint32_t id;
	bool fifo;
	char *data;
	size_t length;
	int capacity;
	bool packet_mode; /* an end writes packets */
	uint32_t *packets; /* what each read got */
	size_t packet_count, packet_capacity;
};

/* ---- dump ---- */

/* The pipe into which others are copied, with room for one of this capacity. */
static struct error *looking_glass(struct dump *dump, int capacity, const int **ends)
{
	struct file_collection *files = dump->files;

	*ends = files->pipe_copy;
	if (!files->pipe_copy_capacity) {
		if (pipe2(files->pipe_copy, O_CLOEXEC | O_NONBLOCK))
			return fail_errno("could not make a pipe");
		files_keep(dump, files->pipe_copy[0]);
		files_keep(dump, files->pipe_copy[1]);
		files->pipe_copy_capacity = fcntl(files->pipe_copy[1], F_GETPIPE_SZ);
	}
	if (capacity <= files->pipe_copy_capacity)
		return NULL;
	files->pipe_copy_capacity = fcntl(files->pipe_copy[1], F_SETPIPE_SZ, capacity);
	return files->pipe_copy_capacity < 0 ? fail_errno("could not enlarge a pipe") : NULL;
}

/* tee() wants a reading end: a writing one is opened again. A read ends where a packet does. */
static struct error *copy_contents(struct dump *dump, int fd, bool readable, const int *ends,
				   struct pipe_contents *contents, size_t available)
{
	cleanup_close int opened = -1;
	ssize_t length;
	char path[32];

	if (!readable) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		opened = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (opened < 0)
			return fail_errno("could not look into a pipe");
	}
	length = tee(readable ? fd : opened, ends[1], available, SPLICE_F_NONBLOCK);
	while (length > 0 && contents->length < (size_t)length) {
		ssize_t n = read(ends[0], contents->data + contents->length, length - contents->length);

		if (n <= 0)
			break;
		contents->length += n;
		*arena_append(dump->arena, contents->packets, contents->packet_count, contents->packet_capacity) = n;
	}
	return contents->length == available ? NULL : fail_errno("could not read what is in a pipe");
}

static struct error *read_contents(struct dump *dump, struct pipe_contents *contents, const struct open_fd *fd)
{
	const int *ends;
	int available;

	contents->capacity = fcntl(fd->fd, F_GETPIPE_SZ);
	if (contents->capacity < 0)
		return fail_errno("could not read a pipe's capacity");
	if (ioctl(fd->fd, FIONREAD, &available) || !available)
		return NULL;
	TRY(looking_glass(dump, contents->capacity, &ends));
	contents->data = arena_alloc(dump->arena, available);
	return copy_contents(dump, fd->fd, (fd->flags & O_ACCMODE) != O_WRONLY, ends, contents, available);
}

static struct error *collect_contents(struct dump *dump, const struct open_fd *fd, uint32_t id, bool fifo)
{
	struct file_collection *files = dump->files;
	struct number_map *seen = fifo ? &files->fifos_by_inode : &files->pipes_by_inode;
	struct pipe_contents *contents;
	size_t index;

	if (number_map_find(seen, fd->stat.st_ino, &index)) {
		files->pipes[index].packet_mode |= fd->flags & O_DIRECT;
		return NULL;
	}
	number_map_add(dump->arena, seen, fd->stat.st_ino, files->pipe_count);
	contents = arena_append(dump->arena, files->pipes, files->pipe_count, files->pipe_capacity);
	*contents = (struct pipe_contents){ .inode = fd->stat.st_ino,
					    .id = id,
					    .fifo = fifo,
					    .packet_mode = fd->flags & O_DIRECT };
	return read_contents(dump, contents, fd);
}

static struct error *dump_pipe(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	out->pipe = new_message(dump->arena, pipe_entry);
	out->pipe->pipe_id = fd->stat.st_ino;
	return collect_contents(dump, fd, fd->stat.st_ino, false);
}

/* A reading end without a writer is hung up, unless it has not had one yet, fifo(7). */
static bool is_hung_up(const struct open_fd *fd)
{
	struct pollfd poll_one = { .fd = fd->fd, .events = POLLIN };

	return poll(&poll_one, 1, 0) > 0 && poll_one.revents & POLLHUP;
}

static struct error *dump_fifo(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	RegFileEntry *path = new_message(dump->arena, reg_file_entry);

	out->fifo = new_message(dump->arena, fifo_entry);
	out->fifo->id = fd->id;
	out->fifo->pipe_id = fd->stat.st_ino;
	path->id = files_next_id(dump);
	path->flags = fd->flags;
	TRY(common_dump_owner(dump, fd, &path->fown));
	SET(out->fifo, regf_id, path->id);
	TRY(regular_describe(dump, path, fd->fd, &fd->stat, fd->link, false));
	path->has_size = false;
	file_entry_new(dump, FD_TYPES__REG, path->id)->reg = path;
	if (fd->flags & O_PATH)
		return NULL;
	if ((fd->flags & O_ACCMODE) == O_RDONLY && !is_hung_up(fd))
		SET(out->fifo, not_hung_up, true);
	return collect_contents(dump, fd, fd->stat.st_ino, true);
}

static struct error *write_kind(struct dump *dump, enum image_id image, bool fifo)
{
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(dump->criu->images, image, 0, &writer));
	for (size_t i = 0; i < dump->files->pipe_count; i++) {
		const struct pipe_contents *contents = &dump->files->pipes[i];
		PipeDataEntry entry;

		if (contents->fifo != fifo)
			continue;
		pipe_data_entry__init(&entry);
		entry.pipe_id = contents->id;
		entry.bytes = contents->length;
		SET(&entry, size, contents->capacity);
		/* A stream is read at once. */
		if (contents->packet_mode || contents->packet_count > 1) {
			entry.packets = contents->packets;
			entry.n_packets = contents->packet_count;
		}
		TRY(image_write(writer, &entry.base));
		TRY(image_write_bytes(writer, contents->data, contents->length));
	}
	return image_close(take_pointer(writer));
}

struct error *pipe_write(struct dump *dump)
{
	TRY(write_kind(dump, IMAGE_PIPES_DATA, false));
	return write_kind(dump, IMAGE_FIFO_DATA, true);
}

/* ---- restore ---- */

/* A pipe or FIFO to be made: its descriptions, and where its contents are in the image. */
struct planned_pipe {
	uint32_t id;
	enum image_id image;
	bool has_contents, filled;
	uint64_t offset;
	const char *key; /* for --inherit-fd */
	uint32_t bytes, capacity; /* capacity 0: not noted */
	const uint32_t *packets; /* NULL: a stream */
	size_t packet_count;
	struct planned_end *ends;
};

struct planned_end {
	struct planned_end *next;
	struct planned_file *file;
	struct planned_pipe *pipe;
	const RegFileEntry *path; /* of a FIFO */
};

struct pipe_plan {
	struct planned_pipe *pipes; /* sorted by image, id */
	size_t count, capacity;
};

static int compare_pipes(const void *a, const void *b)
{
	const struct planned_pipe *x = a, *y = b;

	if (x->image != y->image)
		return x->image < y->image ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static struct error *check_packets(const PipeDataEntry *entry)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < entry->n_packets; i++) {
		sum += entry->packets[i];
		if (!entry->packets[i])
			sum = UINT32_MAX + 1ULL;
	}
	return entry->n_packets && sum != entry->bytes ? fail("the image is damaged: packets of pipe %u", entry->pipe_id)
						       : NULL;
}

static struct error *read_contents_index(struct restore *restore, struct pipe_plan *plan, enum image_id image)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	ProtobufCMessage *message;

	TRY(image_open(restore->criu->images, image, 0, &reader));
	for (;;) {
		const PipeDataEntry *entry;

		TRY(image_read(reader, &pipe_data_entry__descriptor, restore->arena, &message));
		if (!message)
			return NULL;
		entry = (const PipeDataEntry *)message;
		*arena_append(restore->arena, plan->pipes, plan->count, plan->capacity) = (struct planned_pipe){
			.id = entry->pipe_id,
			.image = image,
			.has_contents = true,
			.offset = image_reader_offset(reader),
			.bytes = entry->bytes,
			.capacity = entry->has_size ? entry->size : 0,
			.packets = entry->packets,
			.packet_count = entry->n_packets,
		};
		TRY(check_packets(entry));
		TRY(image_skip_bytes(reader, entry->bytes));
	}
}

/* Adds the pipes that have no record of contents, so that every one is in the list. */
static void add_pipes_of_files(struct restore *restore, struct pipe_plan *plan)
{
	for (size_t i = 0; i < restore->files->count; i++) {
		const struct planned_file *file = &restore->files->files[i];
		bool fifo = file->kind == &fifo_kind;

		if (fifo || file->kind == &pipe_kind)
			*arena_append(restore->arena, plan->pipes, plan->count, plan->capacity) = (struct planned_pipe){
				.id = fifo ? file->entry->fifo->pipe_id : file->entry->pipe->pipe_id,
				.image = fifo ? IMAGE_FIFO_DATA : IMAGE_PIPES_DATA,
			};
	}
}

/* One element for each pipe; those with contents win. */
static void unite(struct pipe_plan *plan)
{
	size_t kept = 0;

	qsort(plan->pipes, plan->count, sizeof(*plan->pipes), compare_pipes);
	for (size_t i = 0; i < plan->count; i++) {
		struct planned_pipe *last = kept ? &plan->pipes[kept - 1] : NULL;

		if (!last || compare_pipes(last, &plan->pipes[i]))
			plan->pipes[kept++] = plan->pipes[i];
		else if (!last->has_contents)
			*last = plan->pipes[i];
	}
	plan->count = kept;
}

static struct error *get_plan(struct restore *restore, struct pipe_plan **ret)
{
	struct pipe_plan *plan = restore->files->pipes;

	if (!plan) {
		plan = restore->files->pipes = arena_new(restore->arena, struct pipe_plan);
		TRY(read_contents_index(restore, plan, IMAGE_PIPES_DATA));
		TRY(read_contents_index(restore, plan, IMAGE_FIFO_DATA));
		add_pipes_of_files(restore, plan);
		unite(plan);
	}
	*ret = plan;
	return NULL;
}

static struct error *plan_end(struct restore *restore, struct planned_file *file, enum image_id image, uint32_t id,
			      const RegFileEntry *path)
{
	struct planned_end *end = arena_new(restore->arena, struct planned_end);
	struct planned_pipe key = { .image = image, .id = id };
	struct pipe_plan *plan;

	TRY(get_plan(restore, &plan));
	end->pipe = bsearch(&key, plan->pipes, plan->count, sizeof(key), compare_pipes);
	end->file = file;
	end->path = path;
	end->next = end->pipe->ends;
	end->pipe->ends = end;
	file->kind_data = end;
	return NULL;
}

static struct error *put_bytes(int writing_end, const char *data, size_t length, bool packet)
{
	if (fcntl(writing_end, F_SETFL, O_NONBLOCK | (packet ? O_DIRECT : 0)))
		return fail_errno("could not change the mode of a pipe");
	if (length && write(writing_end, data, length) != (ssize_t)length)
		return fail_errno("could not fill a pipe with %zu bytes", length);
	return NULL;
}

/* Bytes of a stream that were in front of a packet are read together with it. They filled their pages: what still has
 * room takes up a packet too, and makes it part of the stream. Linux 6.18. */
static struct error *put_packets(const struct planned_pipe *pipe, int writing_end, const char *data)
{
	for (size_t i = 0; i < pipe->packet_count; i++) {
		size_t stream = (pipe->packets[i] - 1) / PACKET_MAX * PACKET_MAX;

		TRY(put_bytes(writing_end, data, stream, false));
		TRY(put_bytes(writing_end, data + stream, pipe->packets[i] - stream, true));
		data += pipe->packets[i];
	}
	return put_bytes(writing_end, NULL, 0, false);
}

static struct error *put_contents(struct restore *restore, struct planned_pipe *pipe, int writing_end)
{
	cleanup_free char *data = NULL;
	cleanup_close int image = -1;

	if (pipe->filled)
		return NULL;
	pipe->filled = true;
	if (pipe->capacity && fcntl(writing_end, F_SETPIPE_SZ, pipe->capacity) < 0)
		return with_hint(fail_errno("could not give a pipe a capacity of %u bytes", pipe->capacity),
				 "Raise /proc/sys/fs/pipe-max-size.");
	if (!pipe->bytes)
		return NULL;
	data = malloc(pipe->bytes);
	if (!data)
		return out_of_memory();
	TRY(image_open_raw(restore->criu->images, pipe->image, 0, O_RDONLY, &image));
	TRY(pread_exactly(image, data, pipe->bytes, pipe->offset));
	return pipe->packets ? put_packets(pipe, writing_end, data) : put_bytes(writing_end, data, pipe->bytes, false);
}

static struct error *plan_pipe(struct restore *restore, struct planned_file *file)
{
	struct planned_end *end;

	TRY(plan_end(restore, file, IMAGE_PIPES_DATA, file->entry->pipe->pipe_id, NULL));
	end = file->kind_data;
	end->pipe->key = arena_format(restore->arena, "pipe:[%u]", end->pipe->id);
	(void)inherited_find(restore, end->pipe->key); /* it is asked for */
	return NULL;
}

/* Every description of one pipe gets its own opening of the same pipe, with its own flags. The first
 * of each side is the end that pipe2() gave: unlike an opened one it lacks O_LARGEFILE. */
static struct error *open_ends(const struct planned_pipe *pipe, int ends[2])
{
	char paths[2][32];
	int given[2] = { ends[0], ends[1] };

	for (int i = 0; i < 2; i++)
		snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%d", ends[i]);
	for (struct planned_end *end = pipe->ends; end; end = end->next) {
		struct planned_file *file = end->file;
		uint32_t flags = file->entry->pipe->flags;
		int side = (flags & O_ACCMODE) != O_RDONLY;

		if (given[side] >= 0 && (flags & O_ACCMODE) != O_RDWR && !(flags & LARGE_FILE))
			file->fd = fcntl(take_fd(&given[side]), F_DUPFD_CLOEXEC, 0);
		else
			file->fd = open(paths[side], (int)(flags & O_ACCMODE) | O_NONBLOCK | O_CLOEXEC);
		if (file->fd < 0)
			return fail_errno("could not open an end of a pipe");
		file->made = true;
	}
	return NULL;
}

/* An end of the caller's pipe with the flags of the description; what cannot be opened anew, such as
 * a socket in its place, is shared with the caller. */
static struct error *open_inherited(struct planned_file *file, int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	file->fd = open(path, (int)(file->entry->pipe->flags & O_ACCMODE) | O_NONBLOCK | O_CLOEXEC);
	if (file->fd < 0) {
		file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		file->inherited = true;
	}
	file->made = true;
	return file->fd < 0 ? fail_errno("could not open an end of an inherited pipe") : NULL;
}

static bool tree_reads(const struct planned_pipe *pipe)
{
	for (const struct planned_end *end = pipe->ends; end; end = end->next)
		if ((end->file->entry->pipe->flags & O_ACCMODE) != O_WRONLY)
			return true;
	return false;
}

/* What was in the pipe belongs to its reader. If that is outside, or this is still the pipe of the
 * dump, it has it already. */
static struct error *fill_inherited(struct restore *restore, struct planned_pipe *pipe, int fd)
{
	cleanup_close int writer = -1;
	struct stat stat;
	char path[32];

	if (!pipe->bytes || !tree_reads(pipe) || fstat(fd, &stat) || !S_ISFIFO(stat.st_mode) ||
	    stat.st_ino == pipe->id)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	writer = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (writer < 0)
		return fail_errno("could not open an inherited pipe");
	return put_contents(restore, pipe, writer);
}

static struct error *use_inherited(struct restore *restore, struct planned_pipe *pipe, int fd)
{
	TRY(fill_inherited(restore, pipe, fd));
	for (struct planned_end *end = pipe->ends; end; end = end->next)
		TRY(open_inherited(end->file, fd));
	return NULL;
}

static struct error *create_pipe(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	struct planned_end *end = file->kind_data;
	cleanup_close int reader = -1, writer = -1;
	int ends[2], inherited = inherited_find(restore, end->pipe->key);

	if (inherited >= 0) {
		TRY(use_inherited(restore, end->pipe, inherited));
		*ret_fd = file->fd;
		return NULL;
	}

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return fail_errno("could not create a pipe");
	reader = ends[0];
	writer = ends[1];
	TRY(put_contents(restore, end->pipe, writer));
	TRY(open_ends(end->pipe, ends));
	*ret_fd = file->fd;
	return NULL;
}

/* O_NONBLOCK is only for the opening: common_restore() sets the real flags. */
static struct error *plan_fifo(struct restore *restore, struct planned_file *file)
{
	struct planned_file *path = planned_file_find(restore, file->entry->fifo->regf_id, FD_TYPES__REG);

	if (!path)
		return fail("the image is damaged: FIFO %u has no path", file->entry->fifo->id);
	TRY(plan_end(restore, file, IMAGE_FIFO_DATA, file->entry->fifo->pipe_id, path->entry->reg));
	file->rank = file->entry->fifo->not_hung_up; /* behind the writers */
	return path->kind->plan(restore, path);
}

static struct error *open_again(const RegFileEntry *entry, int fd, int mode, int *ret_fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*ret_fd = open(path, mode | O_NONBLOCK | O_CLOEXEC);
	return *ret_fd < 0 ? fail_errno("could not open the FIFO %s", entry->name) : NULL;
}

/* The kernel notes how many writers there have been when such an end is opened: no more may come from here. */
static struct error *create_waiting_end(struct restore *restore, struct planned_end *end, int *ret_fd)
{
	cleanup_close int reader = -1, both = -1;

	TRY(regular_open(restore, end->path, O_RDONLY | O_NONBLOCK, &reader));
	if (end->pipe->bytes && !end->pipe->filled)
		TRY(open_again(end->path, reader, O_RDWR, &both));
	TRY(put_contents(restore, end->pipe, both >= 0 ? both : reader));
	close(take_fd(&both));
	return open_again(end->path, reader, O_RDONLY, ret_fd);
}

/* Opening for reading and writing never waits for the other side; the right mode is then taken
 * through /proc. While descriptions of it are open the contents stay. */
static struct error *create_fifo(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	struct planned_end *end = file->kind_data;
	const RegFileEntry *entry = end->path;
	cleanup_close int both = -1;

	if (entry->flags & O_PATH)
		return regular_open(restore, entry, -1, ret_fd);
	if (file->entry->fifo->not_hung_up && (entry->flags & O_ACCMODE) == O_RDONLY)
		return create_waiting_end(restore, end, ret_fd);
	TRY(regular_open(restore, entry, O_RDWR | O_NONBLOCK, &both));
	TRY(open_again(entry, both, entry->flags & O_ACCMODE, ret_fd));
	return put_contents(restore, end->pipe, both);
}

const struct file_kind pipe_kind = {
	.name = "pipe",
	.type = FD_TYPES__PIPE,
	.entry = offsetof(FileEntry, pipe),
	.match = { .mode = S_IFIFO, .link_prefix = "pipe:" },
	.dump = dump_pipe,
	.plan = plan_pipe,
	.create = create_pipe,
};

const struct file_kind fifo_kind = {
	.name = "fifo",
	.type = FD_TYPES__FIFO,
	.entry = offsetof(FileEntry, fifo),
	.match = { .mode = S_IFIFO },
	.dump = dump_fifo,
	.plan = plan_fifo,
	.create = create_fifo,
};
