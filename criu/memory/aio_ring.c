// SPDX-License-Identifier: GPL-2.0
/*
 * aio_ring: contexts of asynchronous I/O (io_setup(2)). The number of a context is the address of its ring, a mapping
 * that the kernel writes completed requests to. The kernel's own place in the ring can be set in one way only: by
 * completing requests. So a newborn makes a context, lets it complete as many reads of nothing as it takes, puts back the
 * events that the program has not fetched, and moves the ring to its place (mremap() changes the number; Linux 3.19).
 * What the kernel knows of a ring: fs/aio.c of Linux, struct aio_ring there.
 */
#include "memory/aio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "memory/plan.h"
#include "memory/vma.h"
#include "support/cleanup.h"
#include "support/file.h"

enum {
	RING_MAGIC = 0xa10a10a1,
	SETTLE_STEP_MS = 2,
	SETTLED_STEPS = 10,   /* nothing has ended for so long: a disk would have answered */
	SETTLE_STEPS = 5000,
	SUBMITTED_AT_ONCE = 64,
	RING_MAX = 0x10000000 + PAGE_BYTES,
};

struct ring {
	uint32_t id, capacity; /* of events */
	uint32_t head, tail;
	uint32_t magic, features[2], header_length;
	struct io_event events[];
};

static uint32_t capacity_of(uint64_t bytes)
{
	return (bytes - sizeof(struct ring)) / sizeof(struct io_event);
}

/* The kernel takes twice what is asked for, and two more. So much asks for a ring of that size. */
static uint32_t requests_of(uint64_t bytes)
{
	return (capacity_of(bytes) - 2) / 2;
}

static bool is_sound(const struct ring *ring, uint64_t bytes)
{
	return ring->magic == RING_MAGIC && ring->capacity == capacity_of(bytes) &&
	       ring->header_length == sizeof(struct ring) && ring->tail < ring->capacity;
}

/* ---- dump ---- */

static struct error *refuse_ring(const char *why)
{
	return with_hint(fail("a ring of asynchronous I/O (io_setup) %s", why), "Dump when the program has destroyed its AIO contexts.");
}

static bool is_poll(int memory, const struct io_event *event)
{
	struct iocb request;

	return event->obj && pread(memory, &request, sizeof(request), (off_t)event->obj) == sizeof(request) &&
	       request.aio_lio_opcode == IOCB_CMD_POLL;
}

/* Nothing tells whether a program that waits for descriptors by AIO waits for one now; that it does so can be seen. */
static struct error *check_history(int memory, const struct mapping_line *line)
{
	uint64_t bytes = line->end - line->start;
	cleanup_free struct ring *ring = malloc(bytes);

	if (!ring)
		return out_of_memory();
	TRY(pread_exactly(memory, ring, bytes, (off_t)line->start));
	if (!is_sound(ring, bytes))
		return refuse_ring("is damaged");
	for (uint32_t i = 0; i < ring->capacity; i++)
		if (is_poll(memory, &ring->events[i]))
			return with_hint(fail("it uses asynchronous I/O to wait for descriptors (IOCB_CMD_POLL), and who waits cannot be found out"),
					 "Dump when the program has destroyed its AIO contexts.");
	return NULL;
}

/* Changes whenever a request of any ring ends. */
static struct error *sum_of_tails(int memory, const struct mapping_line *lines, size_t count, uint64_t *sum)
{
	*sum = 0;
	for (size_t i = 0; i < count; i++) {
		struct ring ring;

		if (!is_aio_ring(&lines[i]))
			continue;
		TRY(pread_exactly(memory, &ring, sizeof(ring), (off_t)lines[i].start));
		*sum += ring.tail;
	}
	return NULL;
}

static struct error *settle(int memory, const struct mapping_line *lines, size_t count)
{
	uint64_t before, now;
	unsigned quiet = 0;

	TRY(sum_of_tails(memory, lines, count, &before));
	for (unsigned step = 0; step < SETTLE_STEPS; step++) {
		nanosleep(&(struct timespec){ .tv_nsec = SETTLE_STEP_MS * 1000000L }, NULL);
		TRY(sum_of_tails(memory, lines, count, &now));
		quiet = now == before ? quiet + 1 : 0;
		before = now;
		if (quiet == SETTLED_STEPS)
			return NULL;
	}
	return with_hint(fail("requests of asynchronous I/O do not come to an end"), "Dump when the program does less I/O.");
}

struct error *aio_settle(const struct task *task, const struct mapping_line *lines, size_t count)
{
	cleanup_close int memory = -1;
	bool any = false;

	for (size_t i = 0; i < count && !any; i++)
		any = is_aio_ring(&lines[i]);
	if (!any)
		return NULL;
	memory = openat(task->proc_fd, "mem", O_RDONLY | O_CLOEXEC);
	if (memory < 0)
		return fail_errno("could not open the memory of process %d", task->pid);
	TRY(with_context(settle(memory, lines, count), "process %d", task->pid));
	for (size_t i = 0; i < count; i++)
		if (is_aio_ring(&lines[i]))
			TRY(with_context(check_history(memory, &lines[i]), "process %d", task->pid));
	return NULL;
}

static struct error *dump(struct dump *dump, struct mapping *mapping)
{
	VmaEntry *entry = mapping->entry;
	MmEntry *mm = mapping->task->mm;
	AioRingEntry *aio = new_message(dump->arena, aio_ring_entry);
	AioRingEntry **aios = arena_array(dump->arena, AioRingEntry *, mm->n_aios + 1);

	entry->status = VMA_AIORING;
	aio->id = entry->start;
	aio->ring_len = entry->end - entry->start;
	aio->nr_req = requests_of(aio->ring_len);
	if (mm->n_aios)
		memcpy(aios, mm->aios, mm->n_aios * sizeof(*aios));
	aios[mm->n_aios++] = aio;
	mm->aios = aios;
	return NULL;
}

/* ---- restore ---- */

static bool claims(const VmaEntry *entry)
{
	return entry->status & VMA_AIORING;
}

static struct error *plan(struct restore *restore, struct mapping *mapping)
{
	uint64_t bytes = mapping->entry->end - mapping->entry->start;

	if (bytes > RING_MAX || capacity_of(bytes) < 4)
		return fail("the image is damaged: ring of asynchronous I/O at 0x%llx", (unsigned long long)mapping->entry->start);
	return NULL;
}

/* The ring as it was. */
static struct error *read_saved(struct restore *restore, const struct mapping *mapping, struct ring *saved)
{
	const struct task_memory *memory = &restore->memory->tasks[mapping->task->index];
	uint64_t start = mapping->entry->start, end = mapping->entry->end;

	memset(saved, 0, end - start);
	for (size_t i = 0; i < memory->run_count; i++) {
		const struct page_run *run = &memory->runs[i];
		uint64_t from = run->start > start ? run->start : start, to = run->start + run->pages * PAGE_BYTES;

		if (to > end)
			to = end;
		if (from < to)
			TRY(pread_exactly(memory->pages_fd, (char *)saved + (from - start), to - from, run->offset + from - run->start));
	}
	if (!is_sound(saved, end - start))
		return fail("the image is damaged: the ring of asynchronous I/O is not one");
	return NULL;
}

/* A ring of just the size. */
static struct error *make(uint64_t bytes, aio_context_t *context)
{
	const struct ring *ring;

	if (syscall(SYS_io_setup, requests_of(bytes), context))
		return with_hint(fail_errno("could not make a context of asynchronous I/O"),
				 errno == EAGAIN ? "Raise fs.aio-max-nr." : "The kernel needs CONFIG_AIO.");
	ring = (const struct ring *)*context;
	if (ring->magic == RING_MAGIC && ring->capacity == capacity_of(bytes))
		return NULL;
	return with_hint(fail("a ring of asynchronous I/O has room for %u events here, and had %u", ring->capacity, capacity_of(bytes)),
			 "The kernel makes rings larger where it may have more processors.");
}

/* Lets the kernel complete requests that read nothing. fetched: their events count as seen by the program at once. */
static struct error *complete(aio_context_t context, int empty_file, uint32_t count, bool fetched)
{
	struct iocb request = { .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = empty_file }, *requests[SUBMITTED_AT_ONCE];
	volatile struct ring *ring = (struct ring *)context;
	unsigned failures = 0;

	for (unsigned i = 0; i < SUBMITTED_AT_ONCE; i++)
		requests[i] = &request;
	while (count) {
		long done = syscall(SYS_io_submit, context, count < SUBMITTED_AT_ONCE ? count : SUBMITTED_AT_ONCE, requests);

		if (done < 0 && (errno != EAGAIN || ++failures > SUBMITTED_AT_ONCE))
			return fail_errno("could not move a ring of asynchronous I/O on");
		if (done > 0)
			count -= done;
		if (fetched || done < 0)
			ring->head = ring->tail;
	}
	return NULL;
}

static struct error *bring_back(aio_context_t context, const struct ring *saved)
{
	struct ring *ring = (struct ring *)context;
	uint32_t head = saved->head % saved->capacity, tail = saved->tail;
	uint32_t waiting = (tail + saved->capacity - head) % saved->capacity;
	uint32_t total = tail < waiting ? tail + saved->capacity : tail;
	cleanup_close int empty_file = memfd_create("", MFD_CLOEXEC);

	if (empty_file < 0)
		return fail_errno("could not make an empty file");
	TRY(complete(context, empty_file, total - waiting, true));
	TRY(complete(context, empty_file, waiting, false));
	if (ring->tail != tail)
		return fail("a ring of asynchronous I/O stands at %u instead of %u", ring->tail, tail);
	memcpy(ring->events, saved->events, saved->capacity * sizeof(struct io_event));
	ring->head = saved->head;
	return NULL;
}

static struct error *map(struct restore *restore, struct mapping *mapping, void *address)
{
	uint64_t bytes = mapping->entry->end - mapping->entry->start;
	cleanup_free struct ring *saved = malloc(bytes);
	aio_context_t context = 0;

	if (!saved)
		return out_of_memory();
	TRY(read_saved(restore, mapping, saved));
	if (mmap(address, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		return fail_errno("could not map a ring of asynchronous I/O");
	TRY(make(bytes, &context));
	TRY(bring_back(context, saved));
	if (mremap((void *)context, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, address) == MAP_FAILED)
		return fail_errno("could not move a ring of asynchronous I/O");
	return NULL;
}

const struct mapping_kind aio_ring_mapping_kind = {
	.name = "aio_ring",
	.recognise = is_aio_ring,
	.dump = dump,
	.claims = claims,
	.plan = plan,
	.map = map,
};
