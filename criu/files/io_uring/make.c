// SPDX-License-Identifier: GPL-2.0
/* Making rings and looking at their memory: io_uring_setup(2). */
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/io_uring/ring.h"
#include "support/cleanup.h"

enum { PAGE_BYTES = 4096 };

static uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

uint64_t ring_bytes(const IoUringFileEntry *entry)
{
	uint64_t completion = sizeof(struct io_uring_cqe) << !!(entry->setup & RING_CQE32);
	uint64_t completions = entry->layout->completion[LAYOUT_COMPLETIONS] + completion * entry->completion_entries;
	uint64_t array = entry->layout->submission[LAYOUT_ARRAY] + sizeof(uint32_t) * entry->submission_entries;

	if (entry->setup & RING_NO_SQARRAY)
		return whole_pages(completions);
	return whole_pages(array > completions ? array : completions);
}

uint64_t ring_request_bytes(const IoUringFileEntry *entry)
{
	return whole_pages((uint64_t)entry->submission_entries * sizeof(struct io_uring_sqe) << !!(entry->setup & RING_SQE128));
}

static struct error *map_part(int fd, uint64_t size, uint64_t offset, char **ret)
{
	void *place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (place == MAP_FAILED)
		return fail_errno("could not map an io_uring");
	*ret = place;
	return NULL;
}

struct error *ring_map(const IoUringFileEntry *entry, int fd, struct ring_memory *memory)
{
	memory->rings_size = ring_bytes(entry);
	memory->requests_size = ring_request_bytes(entry);
	TRY(map_part(fd, memory->rings_size, IORING_OFF_SQ_RING, &memory->rings));
	return map_part(fd, memory->requests_size, IORING_OFF_SQES, &memory->requests);
}

void ring_unmap(struct ring_memory *memory)
{
	if (memory->rings)
		munmap(memory->rings, memory->rings_size);
	if (memory->requests)
		munmap(memory->requests, memory->requests_size);
	*memory = (struct ring_memory){ 0 };
}

bool ring_needs_submitter(const IoUringFileEntry *entry)
{
	return (entry->setup & RING_SINGLE_ISSUER) && !(entry->setup & RING_DISABLED);
}

static struct error *set_up(const IoUringFileEntry *entry, struct io_uring_params *params, int *ret_fd)
{
	*params = (struct io_uring_params){ .flags = entry->setup & ~(uint32_t)RING_CQSIZE };
	if (entry->completion_entries != 2 * entry->submission_entries) {
		params->flags |= RING_CQSIZE;
		params->cq_entries = entry->completion_entries;
	}
	if (ring_needs_submitter(entry))
		params->flags |= RING_DISABLED;
	*ret_fd = syscall(SYS_io_uring_setup, entry->submission_entries, params);
	if (*ret_fd < 0)
		return with_hint(fail_errno("could not make an io_uring"),
				 errno == EPERM	   ? "Allow it: sysctl kernel.io_uring_disabled=0."
				 : errno == EINVAL ? "It was set up with flags that a newer kernel has."
						   : "The kernel needs CONFIG_IO_URING and, without CAP_IPC_LOCK, locked memory (ulimit -l).");
	return NULL;
}

struct error *ring_make(const IoUringFileEntry *entry, int *ret_fd)
{
	struct io_uring_params params;

	return set_up(entry, &params, ret_fd);
}

struct error *ring_enable(int fd)
{
	if (syscall(SYS_io_uring_register, fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0))
		return fail_errno("could not enable an io_uring");
	return NULL;
}

struct error *ring_layout(struct arena *arena, const IoUringFileEntry *entry, IoUringLayoutEntry **ret)
{
	IoUringLayoutEntry *layout = *ret = arena_new(arena, IoUringLayoutEntry);
	struct io_uring_params params;
	cleanup_close int fd = -1;

	TRY(set_up(entry, &params, &fd));
	io_uring_layout_entry__init(layout);
	layout->has_features = true;
	layout->features = params.features;
	layout->n_submission = layout->n_completion = LAYOUT_COUNT;
	layout->submission = arena_copy(arena, &params.sq_off, LAYOUT_COUNT * sizeof(uint32_t));
	layout->completion = arena_copy(arena, &params.cq_off, LAYOUT_COUNT * sizeof(uint32_t));
	if (params.sq_entries != entry->submission_entries || params.cq_entries != entry->completion_entries)
		return fail("an io_uring of %u and %u entries has %u and %u here", entry->submission_entries,
			    entry->completion_entries, params.sq_entries, params.cq_entries);
	return NULL;
}
