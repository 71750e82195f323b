// SPDX-License-Identifier: GPL-2.0
/* An io_uring without a library: io_uring(7). Its memory is two mappings, as new kernels offer. */
#pragma once

#include "test.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1 << 16)
#endif

struct ring {
	int fd;
	struct io_uring_params params;
	char *rings;
	size_t rings_size, requests_size;
	struct io_uring_sqe *requests;
};

static inline unsigned *ring_word(const struct ring *ring, unsigned offset)
{
	return (unsigned *)(ring->rings + offset);
}

static inline void ring_map(struct ring *ring)
{
	const struct io_uring_params *params = &ring->params;
	size_t array = params->sq_off.array + params->sq_entries * sizeof(unsigned);
	size_t completions = params->cq_off.cqes + (params->cq_entries * sizeof(struct io_uring_cqe) << !!(params->flags & IORING_SETUP_CQE32));

	ring->rings_size = array > completions ? array : completions;
	ring->requests_size = params->sq_entries * sizeof(struct io_uring_sqe) << !!(params->flags & IORING_SETUP_SQE128);
	ring->rings = must(mmap(NULL, ring->rings_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING));
	ring->requests = must(mmap(NULL, ring->requests_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES));
}

/* completions: 0: as many as the kernel makes by itself. */
static inline void ring_open(struct ring *ring, unsigned entries, unsigned flags, unsigned completions)
{
	if (!linux_is_at_least(6, 18))
		skip("the state of an io_uring can be found out from Linux 6.18 on");
	*ring = (struct ring){ .params = { .flags = flags | (completions ? IORING_SETUP_CQSIZE : 0), .cq_entries = completions } };
	ring->fd = syscall(SYS_io_uring_setup, entries, &ring->params);
	if (ring->fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL))
		skip("this kernel has no io_uring with flags 0x%x", flags);
	must(ring->fd);
	ring_map(ring);
}

/* A place for a request, in the order of submission; it is all zeroes. */
static inline struct io_uring_sqe *ring_request(struct ring *ring, unsigned char operation, int fd, unsigned long long number)
{
	unsigned *tail = ring_word(ring, ring->params.sq_off.tail), index = *tail & (ring->params.sq_entries - 1);
	struct io_uring_sqe *request = &ring->requests[index << !!(ring->params.flags & IORING_SETUP_SQE128)];

	memset(request, 0, sizeof(*request));
	request->opcode = operation;
	request->fd = fd;
	request->user_data = number;
	if (!(ring->params.flags & IORING_SETUP_NO_SQARRAY))
		ring_word(ring, ring->params.sq_off.array)[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	return request;
}

static inline int ring_enter(struct ring *ring, unsigned submitted, unsigned awaited)
{
	return syscall(SYS_io_uring_enter, ring->fd, submitted, awaited, IORING_ENTER_GETEVENTS, NULL, 0);
}

static inline unsigned ring_waiting(struct ring *ring)
{
	return __atomic_load_n(ring_word(ring, ring->params.cq_off.tail), __ATOMIC_ACQUIRE) - *ring_word(ring, ring->params.cq_off.head);
}

/* The next completion: its result; its number must be this one. */
static inline int ring_take(struct ring *ring, unsigned long long number)
{
	unsigned *head = ring_word(ring, ring->params.cq_off.head), index = *head & (ring->params.cq_entries - 1);
	struct io_uring_cqe *completion = (struct io_uring_cqe *)(ring->rings + ring->params.cq_off.cqes) +
					  (index << !!(ring->params.flags & IORING_SETUP_CQE32));

	if (!check(ring_waiting(ring), " nothing for %llu", number))
		return -ENODATA;
	check_equal(completion->user_data, number);
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return completion->res;
}

/* Requests that do nothing, each fetched at once. */
static inline void ring_turn(struct ring *ring, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		ring_request(ring, IORING_OP_NOP, -1, i);
		check_equal(ring_enter(ring, 1, 1), 1);
		check_equal(ring_take(ring, i), 0);
	}
}
