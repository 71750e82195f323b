// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel has its own places in the two rings, which nobody can set. They are reached as the program reached them: by
 * requests that do nothing. Meanwhile the program's place in the completion ring is never beyond where it will be in the
 * end, for the kernel notes in advance how many entries it may fill.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/io_uring/ring.h"
#include "support/cleanup.h"

enum { NO_ENTRY = UINT32_MAX, SEND_MESSAGE = 31 /* IORING_REGISTER_SEND_MSG_RING of Linux 6.13 */ };

/* How the places are reached: requests with a completion, those without, entries that the kernel drops, and messages,
 * which are completions without a request. */
struct steps {
	uint32_t requests, silent, dropped, messages;
};

struct forward {
	const IoUringFileEntry *entry;
	struct ring_memory memory;
	int fd;
	volatile uint32_t *submission_head, *submission_tail, *completion_head, *completion_tail, *array;
	uint32_t waiting;   /* completions that the program has not fetched */
	uint32_t remaining; /* that are still to be made */
};

static struct steps find_steps(const IoUringFileEntry *entry)
{
	int32_t more = (int32_t)(entry->completed - entry->submitted);
	struct steps steps = { 0 };

	if (more < 0) {
		steps.requests = entry->completed;
		*(entry->skipped ? &steps.silent : &steps.dropped) = -(uint32_t)more;
		return steps;
	}
	steps.silent = entry->skipped && entry->submitted;
	steps.requests = entry->submitted - steps.silent;
	steps.messages = entry->completed - steps.requests;
	return steps;
}

bool ring_is_reachable(const IoUringFileEntry *entry)
{
	return !find_steps(entry).dropped || !(entry->setup & RING_NO_SQARRAY);
}

static uint32_t *word(char *memory, uint32_t offset)
{
	return (uint32_t *)(memory + offset);
}

/* As much is fetched as will be in the end. */
static void fetch(struct forward *forward)
{
	uint32_t unread = forward->remaining < forward->waiting ? forward->waiting - forward->remaining : 0;

	*forward->completion_head = *forward->completion_tail - unread;
}

static struct error *enter(int fd, uint32_t count, unsigned flags, uint32_t *done)
{
	long result = syscall(SYS_io_uring_enter, fd, count, 0, flags, NULL, 0);

	if (result < 0 && errno != EAGAIN && errno != EINTR)
		return fail_errno("could not move an io_uring on");
	*done = result < 0 ? 0 : result;
	return NULL;
}

/* All entries of the submission ring are the same request, which is all zeroes but for its flags. */
static struct error *submit(struct forward *forward, uint32_t count, bool completes)
{
	struct io_uring_sqe *requests = (struct io_uring_sqe *)forward->memory.requests;
	size_t stride = forward->entry->setup & RING_SQE128 ? 2 : 1;
	uint32_t done;

	for (size_t i = 0; i < forward->entry->submission_entries; i++)
		requests[i * stride].flags = completes ? 0 : IOSQE_CQE_SKIP_SUCCESS;
	*forward->submission_tail += count;
	while (count) {
		if (completes)
			fetch(forward);
		TRY(enter(forward->fd, count, 0, &done));
		count -= done;
		forward->remaining -= completes ? done : 0;
	}
	return NULL;
}

/* One at a time: what is dropped ends a submission. */
static struct error *drop(struct forward *forward, uint32_t count)
{
	uint32_t mask = forward->entry->submission_entries - 1, done;

	for (; count; count--) {
		uint32_t at = (*forward->submission_tail)++ & mask, before = forward->array[at];

		forward->array[at] = NO_ENTRY;
		TRY(enter(forward->fd, 1, 0, &done));
		forward->array[at] = before;
	}
	return NULL;
}

/* Completions without a request. A ring with IORING_SETUP_DEFER_TASKRUN takes them when its thread looks for some. */
static struct error *message(struct forward *forward, uint32_t count)
{
	struct io_uring_sqe request = { .opcode = IORING_OP_MSG_RING, .fd = forward->fd };
	uint32_t done;

	while (count) {
		uint32_t some = count < forward->entry->completion_entries ? count : forward->entry->completion_entries;

		fetch(forward);
		for (uint32_t i = 0; i < some; i++)
			if (syscall(SYS_io_uring_register, -1, SEND_MESSAGE, &request, 1) < 0)
				return fail_errno("could not move an io_uring on");
		TRY(enter(forward->fd, 0, IORING_ENTER_GETEVENTS, &done));
		count -= some;
		forward->remaining -= some;
	}
	return NULL;
}

static struct error *go(struct forward *forward)
{
	struct steps steps = find_steps(forward->entry);

	TRY(submit(forward, steps.silent, false));
	TRY(drop(forward, steps.dropped));
	TRY(message(forward, steps.messages));
	TRY(submit(forward, steps.requests, true));
	if (*forward->submission_head != forward->entry->submitted || *forward->completion_tail != forward->entry->completed)
		return fail("an io_uring stands at %u and %u instead of %u and %u", *forward->submission_head,
			    *forward->completion_tail, forward->entry->submitted, forward->entry->completed);
	return NULL;
}

static void copy(char *to, uint64_t size, ProtobufCBinaryData saved)
{
	memcpy(to, saved.data, saved.len);
	memset(to + saved.len, 0, size - saved.len);
}

static struct error *bring_back(struct forward *forward)
{
	const IoUringFileEntry *entry = forward->entry;
	const uint32_t *submission = entry->layout->submission, *completion = entry->layout->completion;
	char *rings = forward->memory.rings;
	uint32_t fetched = 0;

	forward->submission_head = word(rings, submission[LAYOUT_HEAD]);
	forward->submission_tail = word(rings, submission[LAYOUT_TAIL]);
	forward->array = word(rings, submission[LAYOUT_ARRAY]);
	forward->completion_head = word(rings, completion[LAYOUT_HEAD]);
	forward->completion_tail = word(rings, completion[LAYOUT_TAIL]);
	if (completion[LAYOUT_HEAD] + sizeof(fetched) <= entry->rings.len)
		memcpy(&fetched, entry->rings.data + completion[LAYOUT_HEAD], sizeof(fetched));
	forward->waiting = entry->completed - fetched;
	forward->remaining = entry->completed;
	TRY(go(forward));
	copy(rings, forward->memory.rings_size, entry->rings);
	copy(forward->memory.requests, forward->memory.requests_size, entry->requests);
	return NULL;
}

struct error *ring_bring_back(const IoUringFileEntry *entry, int fd)
{
	struct forward forward = { .entry = entry, .fd = fd };
	struct error *error = ring_map(entry, fd, &forward.memory);

	if (!error)
		error = bring_back(&forward);
	ring_unmap(&forward.memory);
	return error;
}
