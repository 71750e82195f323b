// SPDX-License-Identifier: GPL-2.0
/*
 * Draining: pages of the frozen tree into pages images. The wanted pages of all tasks are
 * cut into chunks; workers take one chunk after the other, read it with process_vm_readv
 * into a buffer that stays in the cache, leave out pages of zeroes, and write. The order of a
 * set's data in its file is the order of its chunks, so a worker waits for its turn to
 * learn its offset, and only for that.
 */
#include "memory/drain.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "model/context.h"
#include "image/record.h"
#include "memory/collection.h"
#include "memory/memory.h"
#include "memory/plan.h"
#include "memory/vma.h"
#include "support/cleanup.h"
#include "support/log.h"

enum {
	CHUNK_PAGES = 64,  /* 256 KiB: stays in the second-level cache */
	CHUNK_RANGES = 64, /* pieces of one read */
	MAX_WORKERS = 4,
	ALONE_PAGES = 2048, /* up to 8 MiB no other thread is woken */
};

/* ---- which pages ---- */

static struct page_set *new_set(struct dump *dump, struct task *task, uint64_t key, bool shared)
{
	struct memory_collection *memory = dump->memory;
	struct page_set *set = arena_append(dump->arena, memory->sets, memory->set_count, memory->set_capacity);

	*set = (struct page_set){ .task = task, .key = key, .shared = shared, .pages_fd = -1 };
	return set;
}

struct error *drain_shared_object(struct dump *dump, struct mapping *mapping)
{
	struct memory_collection *memory = dump->memory;
	const VmaEntry *entry = mapping->entry;
	struct page_set *set = NULL;

	for (size_t i = 0; i < memory->set_count && !set; i++)
		if (memory->sets[i].shared && memory->sets[i].key == entry->shmid)
			set = &memory->sets[i];
	if (!set) {
		set = new_set(dump, mapping->task, entry->shmid, true);
		set->bias = entry->start - entry->pgoff;
		set->wanted.items = NULL;
	} else if (set->task != mapping->task) {
		return NULL; /* what the first task maps is what is saved */
	}
	return NULL;
}

/* Wanted addresses of a private mapping. */
static struct error *scan_mapping(struct dump *dump, int pagemap, const VmaEntry *entry, struct page_set *set)
{
	if (entry->status & VMA_VDSO) {
		*arena_append(dump->arena, set->wanted.items, set->wanted.count, set->wanted.capacity) =
		    (struct page_range){ entry->start, entry->end };
		return NULL;
	}
	return pagemap_scan(pagemap, entry->start, entry->end, entry->status & VMA_FILE_PRIVATE, dump->arena,
			    &set->wanted);
}

static bool is_scanned(const VmaEntry *entry)
{
	return vma_is_private(entry->status) && !(entry->status & (VMA_VVAR | VMA_VSYSCALL | VMA_GUARD));
}

/* Neighbouring mappings of anonymous memory are scanned by one call. */
static struct error *scan_task(struct dump *dump, struct task *task)
{
	struct page_set *set = new_set(dump, task, task->pid, false);
	cleanup_close int pagemap = openat(task->proc_fd, "pagemap", O_RDONLY | O_CLOEXEC);

	if (pagemap < 0)
		return fail_errno("could not open the page map of process %d", task->pid);
	for (size_t i = 0; i < task->mapping_count; i++) {
		const VmaEntry *entry = task->mappings[i].entry;

		if (is_scanned(entry))
			TRY(scan_mapping(dump, pagemap, entry, set));
	}
	return NULL;
}

/* All pages of a shared object that the task maps: in page map addresses (offsets). */
static struct error *scan_shared(struct dump *dump, struct page_set *set)
{
	struct task *task = set->task;
	cleanup_close int pagemap = openat(task->proc_fd, "pagemap", O_RDONLY | O_CLOEXEC);

	if (pagemap < 0)
		return fail_errno("could not open the page map of process %d", task->pid);
	for (size_t i = 0; i < task->mapping_count; i++) {
		const VmaEntry *entry = task->mappings[i].entry;

		/* Pages that this task has not touched may have been written by others: all are read. */
		if ((entry->status & VMA_ANON_SHARED) && entry->shmid == set->key &&
		    entry->start - entry->pgoff == set->bias)
			*arena_append(dump->arena, set->wanted.items, set->wanted.count, set->wanted.capacity) =
			    (struct page_range){ entry->start, entry->end };
	}
	return NULL;
}

/* ---- chunks ---- */

static uint64_t count_pages(const struct page_ranges *ranges)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < ranges->count; i++)
		pages += (ranges->items[i].end - ranges->items[i].start) / PAGE_BYTES;
	return pages;
}

/* Splits the wanted ranges so that none crosses a chunk's end, and groups them. */
static void make_chunks(struct arena *arena, struct page_set *set)
{
	struct page_ranges split = { 0 };
	struct chunk *chunk = NULL;
	size_t capacity = 0;

	for (size_t i = 0; i < set->wanted.count; i++) {
		struct page_range range = set->wanted.items[i];

		while (range.start < range.end) {
			uint64_t room, pages = (range.end - range.start) / PAGE_BYTES;

			if (!chunk || chunk->pages == CHUNK_PAGES || chunk->range_count == CHUNK_RANGES) {
				chunk = arena_append(arena, set->chunks, set->chunk_count, capacity);
				*chunk = (struct chunk){ .number = set->chunk_count - 1, .first_range = split.count };
			}
			room = CHUNK_PAGES - chunk->pages;
			if (pages > room)
				pages = room;
			*arena_append(arena, split.items, split.count, split.capacity) =
			    (struct page_range){ range.start, range.start + pages * PAGE_BYTES };
			chunk->range_count++;
			chunk->pages += pages;
			range.start += pages * PAGE_BYTES;
		}
	}
	set->wanted = split;
	for (size_t i = 0; i < set->chunk_count; i++)
		set->chunks[i].set = set;
}

/* ---- one chunk ---- */

/* What process_vm_readv cannot reach (PROT_NONE) is read through /proc/PID/mem. */
static struct error *read_slowly(const struct chunk *chunk, char *buffer)
{
	const struct page_set *set = chunk->set;
	cleanup_close int memory = openat(set->task->proc_fd, "mem", O_RDONLY | O_CLOEXEC);

	if (memory < 0)
		return fail_errno("could not open the memory of process %d", set->task->pid);
	for (size_t i = 0; i < chunk->range_count; i++) {
		const struct page_range *range = &set->wanted.items[chunk->first_range + i];
		uint64_t length = range->end - range->start;

		if (pread(memory, buffer, length, range->start) != (ssize_t)length)
			return fail_errno("could not read memory of process %d at 0x%llx", set->task->pid,
					  (unsigned long long)range->start);
		buffer += length;
	}
	return NULL;
}

static struct error *read_chunk(const struct chunk *chunk, char *buffer)
{
	const struct page_set *set = chunk->set;
	struct iovec from[CHUNK_RANGES], to = { buffer, chunk->pages * PAGE_BYTES };

	for (size_t i = 0; i < chunk->range_count; i++) {
		const struct page_range *range = &set->wanted.items[chunk->first_range + i];

		from[i] = (struct iovec){ (void *)range->start, range->end - range->start };
	}
	if (process_vm_readv(set->task->host_pid, &to, 1, from, chunk->range_count, 0) == (ssize_t)to.iov_len)
		return NULL;
	return read_slowly(chunk, buffer);
}

static bool is_zero(const char *page)
{
	const uint64_t *words = (const uint64_t *)page;

	if (words[0] || words[PAGE_BYTES / 16] || words[PAGE_BYTES / 8 - 1])
		return false;
	return !memcmp(page, page + 8, PAGE_BYTES - 8);
}

/* Finds what is not zero: ranges for the page map, pieces of the buffer for the write. */
static size_t keep_pages(struct chunk *chunk, char *buffer, struct page_range *kept, struct iovec *pieces,
			 uint64_t *bytes)
{
	const struct page_set *set = chunk->set;
	size_t count = 0, piece_count = 0;

	*bytes = 0;
	for (size_t i = 0; i < chunk->range_count; i++) {
		const struct page_range *range = &set->wanted.items[chunk->first_range + i];

		for (uint64_t at = range->start; at < range->end; at += PAGE_BYTES, buffer += PAGE_BYTES) {
			struct iovec *last = piece_count ? &pieces[piece_count - 1] : NULL;

			if (is_zero(buffer))
				continue;
			*bytes += PAGE_BYTES;
			if (count && kept[count - 1].end == at)
				kept[count - 1].end = at + PAGE_BYTES;
			else
				kept[count++] = (struct page_range){ at, at + PAGE_BYTES };
			if (last && (char *)last->iov_base + last->iov_len == buffer)
				last->iov_len += PAGE_BYTES;
			else
				pieces[piece_count++] = (struct iovec){ buffer, PAGE_BYTES };
		}
	}
	chunk->kept_count = count;
	return piece_count;
}

/* Waits until all earlier chunks of the set have their place, then takes the next one. */
static uint64_t take_place(struct chunk *chunk, uint64_t bytes)
{
	struct page_set *set = chunk->set;
	uint64_t offset;

	pthread_mutex_lock(&set->lock);
	while (set->next_chunk != chunk->number)
		pthread_cond_wait(&set->turned, &set->lock);
	offset = set->file_size;
	set->file_size += bytes;
	set->next_chunk++;
	pthread_cond_broadcast(&set->turned);
	pthread_mutex_unlock(&set->lock);
	return offset;
}

static struct error *write_pieces(int fd, struct iovec *pieces, size_t count, uint64_t bytes, uint64_t offset)
{
	while (bytes) {
		ssize_t written = pwritev(fd, pieces, count, offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return with_hint(fail_errno("could not write pages"),
					 "Look for free space in the images directory.");
		bytes -= written;
		offset += written;
		while (count && (size_t)written >= pieces->iov_len) {
			written -= pieces->iov_len;
			pieces++;
			count--;
		}
		if (count) {
			pieces->iov_base = (char *)pieces->iov_base + written;
			pieces->iov_len -= written;
		}
	}
	return NULL;
}

static struct error *drain_chunk(struct chunk *chunk, char *buffer)
{
	struct page_range kept[CHUNK_PAGES];
	struct iovec pieces[CHUNK_PAGES];
	struct error *error = read_chunk(chunk, buffer);
	uint64_t bytes = 0, offset;
	size_t count = error ? 0 : keep_pages(chunk, buffer, kept, pieces, &bytes);

	offset = take_place(chunk, bytes); /* also after an error: the others wait for it */
	if (error || !bytes)
		return error;
	memcpy(chunk->kept, kept, chunk->kept_count * sizeof(kept[0]));
	return write_pieces(chunk->set->pages_fd, pieces, count, bytes, offset);
}

/* ---- workers ---- */

static void *work(void *argument)
{
	struct memory_collection *memory = argument;
	char *buffer = aligned_alloc(PAGE_BYTES, CHUNK_PAGES * PAGE_BYTES);
	size_t next;

	while ((next = __atomic_fetch_add(&memory->next_work, 1, __ATOMIC_RELAXED)) < memory->work_count) {
		struct error *error = buffer ? drain_chunk(memory->work[next], buffer) : out_of_memory();

		if (!error)
			continue;
		pthread_mutex_lock(&memory->error_lock);
		if (memory->first_error)
			error_free(error);
		else
			memory->first_error = error;
		pthread_mutex_unlock(&memory->error_lock);
	}
	free(buffer);
	return NULL;
}

static void run_workers(struct memory_collection *memory, uint64_t pages)
{
	pthread_t threads[MAX_WORKERS];
	long processors = sysconf(_SC_NPROCESSORS_ONLN), started = 0;

	if (pages > ALONE_PAGES)
		for (long i = 1; i < processors && i < MAX_WORKERS; i++)
			if (!pthread_create(&threads[started], NULL, work, memory))
				started++;
	work(memory);
	for (long i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

/* Gives every set its file and every chunk room for its result, and lists the work. */
static struct error *prepare_work(struct dump *dump, uint64_t *pages)
{
	struct memory_collection *memory = dump->memory;
	size_t chunks = 0;

	*pages = 0;
	for (size_t i = 0; i < memory->set_count; i++) {
		struct page_set *set = &memory->sets[i];

		*pages += count_pages(&set->wanted);
		make_chunks(dump->arena, set);
		chunks += set->chunk_count;
		set->pages_id = memory->next_pages_id++;
		pthread_mutex_init(&set->lock, NULL);
		pthread_cond_init(&set->turned, NULL);
		if (set->chunk_count)
			TRY(image_open_raw(dump->criu->images, IMAGE_PAGES, set->pages_id, O_WRONLY | O_CREAT,
					   &set->pages_fd));
	}
	memory->work = arena_array(dump->arena, struct chunk *, chunks);
	for (size_t i = 0; i < memory->set_count; i++)
		for (size_t j = 0; j < memory->sets[i].chunk_count; j++) {
			struct chunk *chunk = &memory->sets[i].chunks[j];

			chunk->kept = arena_array(dump->arena, struct page_range, chunk->pages);
			memory->work[memory->work_count++] = chunk;
		}
	return NULL;
}

struct error *memory_prepare(struct dump *dump)
{
	dump->memory = arena_new(dump->arena, struct memory_collection);
	dump->memory->next_pages_id = 1;
	pthread_mutex_init(&dump->memory->error_lock, NULL);
	return NULL;
}

struct error *memory_drain(struct dump *dump)
{
	struct memory_collection *memory = dump->memory;
	size_t shared = memory->set_count;
	uint64_t pages;

	for (size_t i = 0; i < shared; i++)
		TRY(scan_shared(dump, &memory->sets[i]));
	for (size_t i = 0; i < dump->snapshot->task_count; i++)
		if (dump->snapshot->tasks[i]->state != TASK_DEAD)
			TRY(scan_task(dump, dump->snapshot->tasks[i]));
	TRY(prepare_work(dump, &pages));
	dump->pages_scanned = pages;
	run_workers(memory, pages);
	return take_pointer(memory->first_error);
}

/* ---- the page maps ---- */

/* Could a page of this mapping come later, on first touch? */
static bool may_be_lazy(const VmaEntry *entry)
{
	return (entry->status & VMA_ANON_PRIVATE) &&
	       !(entry->status & (VMA_VDSO | VMA_VVAR | VMA_VSYSCALL | VMA_AIORING)) &&
	       !(entry->flags & (MAP_LOCKED | MAP_HUGETLB));
}

static struct error *write_entry(struct dump *dump, struct image_writer *writer, const struct page_set *set,
				 struct page_range range, uint32_t flags)
{
	PagemapEntry entry;

	pagemap_entry__init(&entry);
	entry.vaddr = range.start - set->bias;
	entry.compat_nr_pages = (range.end - range.start) / PAGE_BYTES;
	SET(&entry, flags, flags);
	SET(&entry, nr_pages, (range.end - range.start) / PAGE_BYTES);
	if (set->shared)
		dump->shared_pages_written += entry.nr_pages;
	else
		dump->pages_written += entry.nr_pages;
	return image_write(writer, &entry.base);
}

/* One entry for each stretch of the range whose mappings agree; *at: index of the mapping. */
static struct error *write_range(struct dump *dump, struct image_writer *writer, const struct page_set *set,
				 struct page_range range, size_t *at)
{
	const struct mapping *mappings = set->task->mappings;

	if (set->shared)
		return write_entry(dump, writer, set, range, PAGE_RUN_PRESENT);
	while (range.start < range.end) {
		struct page_range part = { range.start, range.start };
		bool lazy;

		while (mappings[*at].entry->end <= range.start)
			++*at;
		lazy = may_be_lazy(mappings[*at].entry);
		while (part.end < range.end && may_be_lazy(mappings[*at].entry) == lazy) {
			part.end = mappings[*at].entry->end;
			if (part.end < range.end)
				++*at;
			else
				part.end = range.end;
		}
		TRY(write_entry(dump, writer, set, part, PAGE_RUN_PRESENT | (lazy ? PAGE_RUN_LAZY : 0)));
		range.start = part.end;
	}
	return NULL;
}

static struct error *write_set(struct dump *dump, const struct page_set *set)
{
	size_t at = 0;
	cleanup_image_writer struct image_writer *writer = NULL;
	struct page_range last = { 0, 0 };
	PagemapHead head;

	TRY(image_create(dump->criu->images, set->shared ? IMAGE_PAGEMAP_SHMEM : IMAGE_PAGEMAP, set->key, &writer));
	pagemap_head__init(&head);
	head.pages_id = set->pages_id;
	TRY(image_write(writer, &head.base));
	for (size_t i = 0; i < set->chunk_count; i++) {
		for (size_t j = 0; j < set->chunks[i].kept_count; j++) {
			struct page_range range = set->chunks[i].kept[j];

			if (last.end == range.start) {
				last.end = range.end;
				continue;
			}
			if (last.end)
				TRY(write_range(dump, writer, set, last, &at));
			last = range;
		}
	}
	if (last.end)
		TRY(write_range(dump, writer, set, last, &at));
	return image_close(take_pointer(writer));
}

struct error *memory_write(struct dump *dump)
{
	for (size_t i = 0; i < dump->memory->set_count; i++)
		TRY(write_set(dump, &dump->memory->sets[i]));
	return NULL;
}

void memory_release(struct dump *dump)
{
	struct memory_collection *memory = dump->memory;

	for (size_t i = 0; memory && i < memory->set_count; i++)
		if (memory->sets[i].pages_fd >= 0)
			close(memory->sets[i].pages_fd);
}
