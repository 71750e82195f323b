// SPDX-License-Identifier: GPL-2.0
/* What is registered with a ring: io_uring_register(2). The tables are arrays of struct io_rsrc_node. */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "files/io_uring/frames.h"
#include "files/io_uring/view.h"
#include "support/cleanup.h"

enum { FILE_FLAGS = 7 /* the kernel keeps flags in the lowest bits of the pointer */, SLOTS_MAX = 1 << 20 };

static struct error *examine_files(struct arena *arena, const struct kernel_view *view, uint64_t ring, struct ring_facts *facts)
{
	uint64_t nodes, node, file, tag;

	TRY(number(view, ring, &view->file_slots, &facts->file_slots));
	TRY(number(view, ring, &view->file_nodes, &nodes));
	TRY(number(view, ring, &view->file_range_start, &facts->file_range_start));
	TRY(number(view, ring, &view->file_range_end, &facts->file_range_end));
	for (uint64_t i = 0; i < facts->file_slots && i < SLOTS_MAX; i++) {
		TRY(element(view, nodes, i, &node));
		if (!node)
			continue;
		TRY(number(view, node, &view->node_tag, &tag));
		TRY(number(view, node, &view->node_file, &file));
		*arena_append(arena, facts->files, facts->file_count, facts->file_capacity) =
		    (struct registered_file){ .slot = i, .tag = tag, .file = file & ~(uint64_t)FILE_FLAGS };
	}
	return NULL;
}

/* ---- buffers: of which pages ---- */

/* The page that part of a buffer begins in, and what is before it in that page. */
static struct error *read_part(const struct kernel_view *view, uint64_t buffer, uint64_t index, uint64_t *page, uint64_t *offset,
			       uint64_t *length)
{
	uint64_t part = buffer + view->buffer_parts.offset + index * (view->part_offset.offset + view->part_offset.size);

	TRY(number(view, part, &view->part_page, page));
	TRY(number(view, part, &view->part_offset, offset));
	return number(view, part, &view->part_length, length);
}

/* Where the kernel's descriptions of pages begin is found by a buffer of our own. */
static struct error *measure(struct kernel_view *view, int fd, void *memory)
{
	struct iovec own = { memory, FRAME_BYTES };
	uint64_t file, ring, nodes, node, buffer, page, offset, length, frame;
	cleanup_close int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, &own, 1))
		return fail_errno("could not register a buffer");
	TRY(peek_descriptor(view->peek, fd, &file));
	TRY(number(view, file, &view->file_private, &ring));
	TRY(number(view, ring, &view->buffer_nodes, &nodes));
	TRY(element(view, nodes, 0, &node));
	TRY(number(view, node, &view->node_buffer, &buffer));
	TRY(read_part(view, buffer, 0, &page, &offset, &length));
	TRY(frame_of(pagemap, (uint64_t)memory, &frame));
	view->first_page = page - (frame - offset / FRAME_BYTES) * view->page_bytes;
	return NULL;
}

static struct error *find_first_page(struct kernel_view *view)
{
	struct io_uring_params params = { 0 };
	cleanup_close int fd = syscall(SYS_io_uring_setup, 1, &params);
	void *memory = mmap(NULL, FRAME_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct error *error;

	if (fd < 0 || memory == MAP_FAILED)
		return fail_errno("could not make an io_uring");
	error = measure(view, fd, memory);
	munmap(memory, FRAME_BYTES);
	return error;
}

static uint64_t frame_in(const struct kernel_view *view, uint64_t page, uint64_t offset)
{
	return (page - view->first_page) / view->page_bytes + offset / FRAME_BYTES;
}

static struct error *examine_buffer(const struct kernel_view *view, uint64_t node, struct registered_buffer *out)
{
	uint64_t buffer, of_kernel, parts, page, offset, length;

	TRY(number(view, node, &view->node_tag, &out->tag));
	TRY(number(view, node, &view->node_buffer, &buffer));
	TRY(number(view, buffer, &view->buffer_of_kernel, &of_kernel));
	TRY(number(view, buffer, &view->buffer_part_count, &parts));
	if (of_kernel || !parts)
		return with_hint(fail("it is an io_uring with registered buffers that are not the program's memory"),
				 "Let the program take that back, or close the ring, before the dump.");
	TRY(number(view, buffer, &view->buffer_address, &out->address));
	TRY(number(view, buffer, &view->buffer_length, &out->length));
	TRY(read_part(view, buffer, 0, &page, &offset, &length));
	out->first_frame = frame_in(view, page, offset);
	TRY(read_part(view, buffer, parts - 1, &page, &offset, &length));
	out->last_frame = frame_in(view, page, offset + length - 1);
	return NULL;
}

static struct error *examine_buffers(struct arena *arena, struct kernel_view *view, uint64_t ring, struct ring_facts *facts)
{
	uint64_t nodes, node;

	TRY(number(view, ring, &view->buffer_slots, &facts->buffer_slots));
	TRY(number(view, ring, &view->buffer_nodes, &nodes));
	if (facts->buffer_slots && !view->first_page)
		TRY(find_first_page(view));
	for (uint64_t i = 0; i < facts->buffer_slots && i < SLOTS_MAX; i++) {
		struct registered_buffer *buffer;

		TRY(element(view, nodes, i, &node));
		if (!node)
			continue;
		buffer = arena_append(arena, facts->buffers, facts->buffer_count, facts->buffer_capacity);
		*buffer = (struct registered_buffer){ .slot = i };
		TRY(examine_buffer(view, node, buffer));
	}
	return NULL;
}

struct error *examine_registered(struct arena *arena, struct kernel_view *view, uint64_t ring, struct ring_facts *facts)
{
	uint64_t eventfd;

	TRY(number(view, ring, &view->eventfd, &eventfd));
	if (eventfd) {
		TRY(number(view, eventfd, &view->eventfd_context, &facts->eventfd));
		TRY(number(view, eventfd, &view->eventfd_async, &facts->eventfd_async));
	}
	TRY(examine_files(arena, view, ring, facts));
	return examine_buffers(arena, view, ring, facts);
}
