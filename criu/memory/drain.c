// SPDX-License-Identifier: GPL-2.0
/*
 * Draining: pages of the frozen tree into pages images. The wanted pages are cut into chunks;
 * workers take one chunk after the other, read it with process_vm_readv into a buffer that
 * stays in the cache, leave out pages of zeroes, and write. They begin as soon as the mappings
 * are known and go on while main asks the tasks for everything else. When the tree shall run
 * on before the images are complete, the pages wait in memory, as far as there is room, and
 * are written afterwards. The order of a set's data in its file is the order of its chunks, so
 * a worker waits for its turn to learn its offset, and only for that.
 */
#include <fcntl.h>
#include <linux/mman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#define XXH_STATIC_LINKING_ONLY /* its state on the stack */
#include <xxhash.h>

#include "image/record.h"
#include "memory/collection.h"
#include "memory/memory.h"
#include "memory/plan.h"
#include "memory/stage.h"
#include "memory/sysv.h"
#include "memory/vma.h"
#include "model/context.h"
#include "model/verdict.h"
#include "support/cancel.h"
#include "support/cleanup.h"
#include "support/log.h"
#include "support/options.h"

void collection_note_error(struct memory_collection *memory, struct error *error)
{
	if (!error)
		return;
	pthread_mutex_lock(&memory->error_lock);
	if (memory->first_error)
		error_free(error);
	else
		memory->first_error = error;
	pthread_mutex_unlock(&memory->error_lock);
}

struct page_set *new_page_set(struct dump *dump, struct task *task, uint64_t key, bool shared)
{
	struct memory_collection *memory = dump->memory;
	struct page_set *set = arena_new(dump->arena, struct page_set);

	set->task = task;
	set->key = key;
	set->shared = shared;
	set->source_fd = -1;
	set->pages_fd = -1;
	set->pages_id = memory->next_pages_id++;
	pthread_mutex_init(&set->lock, NULL);
	pthread_cond_init(&set->turned, NULL);
	*arena_append(dump->arena, memory->sets, memory->set_count, memory->set_capacity) = set;
	return set;
}

/* ---- chunks ---- */

static const struct range_source *source_of(const struct page_set *set, size_t range)
{
	size_t i = set->source_count;

	while (i-- > 1)
		if (set->sources[i].first <= range)
			return &set->sources[i];
	return &set->sources[0];
}

static struct chunk *new_chunk(struct arena *arena, struct page_set *set, const struct range_source *source,
			       size_t first_range)
{
	struct chunk *chunk = arena_append(arena, set->chunks, set->chunk_count, set->chunk_capacity);

	*chunk = (struct chunk){ .set = set, .task = source->task, .bias = source->bias, .first_range = first_range };
	return chunk;
}

/* Splits the wanted ranges so that none crosses a chunk's end, and groups them. */
static void cut(struct arena *arena, struct page_set *set)
{
	const struct range_source *last = NULL;
	struct page_ranges split = { 0 };
	struct chunk *chunk = NULL;

	for (size_t i = 0; i < set->wanted.count; i++) {
		struct page_range range = set->wanted.items[i];
		const struct range_source *source = source_of(set, i);

		while (range.start < range.end) {
			uint64_t room, pages = (range.end - range.start) / PAGE_BYTES;

			if (source != last || chunk->pages == CHUNK_PAGES || chunk->range_count == CHUNK_RANGES)
				chunk = new_chunk(arena, set, source, split.count);
			last = source;
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
}

/* ---- one chunk ---- */

/* From a descriptor, or from memory that process_vm_readv cannot reach (PROT_NONE). */
static struct error *read_by_ranges(const struct chunk *chunk, int fd, char *buffer)
{
	const struct page_set *set = chunk->set;

	for (size_t i = 0; i < chunk->range_count; i++) {
		const struct page_range *range = &set->wanted.items[chunk->first_range + i];
		uint64_t length = range->end - range->start;

		ssize_t got = pread(fd, buffer, length, range->start + chunk->bias);

		/* The last page of a file may be a part of one. */
		if (got >= 0 && set->shared && length - got < PAGE_BYTES)
			memset(buffer + got, 0, length - got);
		else if (got != (ssize_t)length)
			return fail_errno("could not read memory at 0x%llx",
					  (unsigned long long)(range->start + chunk->bias));
		buffer += length;
	}
	return NULL;
}

static struct error *read_slowly(const struct chunk *chunk, char *buffer)
{
	cleanup_close int memory = openat(chunk->task->proc_fd, "mem", O_RDONLY | O_CLOEXEC);

	if (memory < 0)
		return fail_errno("could not open the memory of process %d", chunk->task->pid);
	return with_context(read_by_ranges(chunk, memory, buffer), "process %d", chunk->task->pid);
}

static struct error *read_chunk(const struct chunk *chunk, char *buffer)
{
	struct iovec from[CHUNK_RANGES], to = { buffer, (size_t)chunk->pages * PAGE_BYTES };

	if (chunk->set->source_fd >= 0)
		return read_by_ranges(chunk, chunk->set->source_fd, buffer);
	if (chunk->set->opened_each_time)
		return read_slowly(chunk, buffer);
	for (size_t i = 0; i < chunk->range_count; i++) {
		const struct page_range *range = &chunk->set->wanted.items[chunk->first_range + i];

		from[i] = (struct iovec){ (void *)(range->start + chunk->bias), range->end - range->start };
	}
	if (process_vm_readv(chunk->task->host_pid, &to, 1, from, chunk->range_count, 0) == (ssize_t)to.iov_len)
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

/* The first mapping that ends behind the address; NULL: none, or the pages are a shared object's. */
static const struct mapping_line *find_line(const struct memory_collection *memory, const struct chunk *chunk, uint64_t address)
{
	const struct task_scan *scan = chunk->set->task ? &memory->scans[chunk->set->task->index] : NULL;
	size_t low = 0, high = scan ? scan->line_count : 0;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (scan->lines[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return scan && low < scan->line_count ? &scan->lines[low] : NULL;
}

/* Without its page, would something else than zeroes be at an address? Where a file is mapped, its contents would. */
static bool needs_zeroes(const struct memory_collection *memory, const struct chunk *chunk, uint64_t address)
{
	const struct mapping_line *line = find_line(memory, chunk, address);

	return line && line->inode;
}

/* Notes which pages are to be kept; their number. */
static unsigned keep_pages(const struct memory_collection *memory, struct chunk *chunk, const char *buffer)
{
	const struct page_range *range = &chunk->set->wanted.items[chunk->first_range];
	uint64_t address = range->start;

	chunk->kept = 0;
	for (unsigned i = 0; i < chunk->pages; i++, address += PAGE_BYTES) {
		if (address == range->end)
			address = (++range)->start;
		if (!is_zero(buffer + (size_t)i * PAGE_BYTES) || needs_zeroes(memory, chunk, address))
			chunk->kept |= 1ULL << i;
	}
	return __builtin_popcountll(chunk->kept);
}

/* The pieces of the buffer that are to be written. */
static size_t kept_pieces(const struct chunk *chunk, char *buffer, struct iovec *pieces)
{
	size_t count = 0;

	for (unsigned i = 0; i < chunk->pages; i++) {
		if (!(chunk->kept >> i & 1))
			continue;
		if (i && (chunk->kept >> (i - 1) & 1))
			pieces[count - 1].iov_len += PAGE_BYTES;
		else
			pieces[count++] = (struct iovec){ buffer + (size_t)i * PAGE_BYTES, PAGE_BYTES };
	}
	return count;
}

/* Waits until all earlier chunks of the set have their place, then takes the next one. */
static void take_place(struct chunk *chunk, uint64_t bytes)
{
	struct page_set *set = chunk->set;
	size_t number = chunk - set->chunks;

	pthread_mutex_lock(&set->lock);
	while (set->next_chunk != number)
		pthread_cond_wait(&set->turned, &set->lock);
	chunk->offset = set->file_size;
	set->file_size += bytes;
	set->next_chunk++;
	pthread_cond_broadcast(&set->turned);
	pthread_mutex_unlock(&set->lock);
}

static struct error *write_pieces(int fd, struct iovec *pieces, size_t count, uint64_t bytes, uint64_t offset)
{
	while (bytes) {
		ssize_t written = pwritev(fd, pieces, count, offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return fail_errno("could not write pages");
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

/* Blocks that are there make writing half as expensive. Where it cannot be, they come as they are written. */
static void reserve_blocks(const struct page_set *set)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < set->chunk_count; i++)
		pages += set->chunks[i].pages;
	if (pages >= RESERVE_PAGES)
		(void)fallocate(set->pages_fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)(pages * PAGE_BYTES));
}

static struct error *open_pages(struct dump *dump, struct page_set *set)
{
	struct error *error = NULL;

	pthread_mutex_lock(&set->lock);
	if (set->pages_fd < 0) {
		error =
		    image_open_raw(dump->criu->images, IMAGE_PAGES, set->pages_id, O_WRONLY | O_CREAT, &set->pages_fd);
		if (!error)
			reserve_blocks(set);
	}
	pthread_mutex_unlock(&set->lock);
	return error;
}

/* Gives blocks back that were reserved for pages of zeroes. */
static struct error *trim_pages(const struct page_set *set)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < set->chunk_count; i++)
		pages += set->chunks[i].pages;
	if (set->pages_fd >= 0 && pages * PAGE_BYTES > set->file_size && ftruncate(set->pages_fd, (off_t)set->file_size))
		return fail_errno("could not trim the image of pages");
	return NULL;
}

/* For checksums.img. The pages are in the cache. */
static uint64_t hash_pieces(const struct iovec *pieces, size_t count)
{
	XXH3_state_t state;

	if (count == 1)
		return XXH3_64bits(pieces->iov_base, pieces->iov_len);
	XXH3_INITSTATE(&state);
	XXH3_64bits_reset(&state);
	for (size_t i = 0; i < count; i++)
		XXH3_64bits_update(&state, pieces[i].iov_base, pieces[i].iov_len);
	return XXH3_64bits_digest(&state);
}

/* The tree is ended only when its images are on the disk, so the disk begins at once. */
static void begin_writeback(const struct dump *dump, const struct chunk *chunk, uint64_t bytes)
{
	uint64_t from = chunk->offset / WRITEBACK_BYTES, to = (chunk->offset + bytes) / WRITEBACK_BYTES;

	if (!dump->criu->options->leave_running && !dump->criu->options->no_sync && to > from)
		(void)sync_file_range(chunk->set->pages_fd, (off_t)(from * WRITEBACK_BYTES), WRITEBACK_BYTES,
				      SYNC_FILE_RANGE_WRITE);
}

static struct error *write_chunk(struct dump *dump, struct chunk *chunk, char *buffer)
{
	struct iovec pieces[CHUNK_PAGES];
	size_t count = kept_pieces(chunk, buffer, pieces);
	uint64_t bytes = (uint64_t)__builtin_popcountll(chunk->kept) * PAGE_BYTES;

	if (!count)
		return NULL;
	TRY(open_pages(dump, chunk->set));
	chunk->hash = hash_pieces(pieces, count);
	TRY(image_explain_write(dump->criu->images,
				write_pieces(chunk->set->pages_fd, pieces, count, bytes, chunk->offset)));
	begin_writeback(dump, chunk, bytes);
	if (chunk->set->chunk_count == 1 && dump->snapshot->task_count > MANY_TASKS) { /* nobody else writes there */
		close(chunk->set->pages_fd);
		chunk->set->pages_fd = -1;
	}
	return NULL;
}

static void tell_checksums(struct dump *dump, const struct page_set *set)
{
	struct image_block *blocks = arena_array(dump->arena, struct image_block, set->chunk_count);

	for (size_t i = 0; i < set->chunk_count; i++)
		blocks[i] = (struct image_block){ __builtin_popcountll(set->chunks[i].kept), set->chunks[i].hash };
	image_set_blocks(dump->criu->images, set->pages_id, blocks, set->chunk_count);
}

/* A worker's own, made when it is needed first. */
static char *get_buffer(char **buffer)
{
	if (!*buffer) {
		*buffer = mmap(NULL, CHUNK_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (*buffer == MAP_FAILED)
			*buffer = NULL;
	}
	return *buffer;
}

/* ---- what only the tracer can read ---- */

/*
 * /proc/PID/mem shows what the process itself may not read (PROT_NONE). From Linux 6.12 on that may be for its tracer only
 * (CONFIG_PROC_MEM_FORCE_PTRACE), and that is main, not its workers. To ourselves we are no tracer either.
 */
static bool is_hidden_readable(void)
{
	char *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), byte;
	cleanup_close int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	bool readable;

	if (page == MAP_FAILED)
		return false;
	*page = 1;
	readable = !mprotect(page, PAGE_BYTES, PROT_NONE) && pread(memory, &byte, 1, (uintptr_t)page) == 1;
	munmap(page, PAGE_BYTES);
	return readable;
}

static bool is_hidden(const struct memory_collection *memory, const struct chunk *chunk)
{
	for (size_t i = 0; i < chunk->range_count; i++) {
		struct page_range range = chunk->set->wanted.items[chunk->first_range + i];

		while (range.start < range.end) {
			const struct mapping_line *line = find_line(memory, chunk, range.start);

			if (!line)
				return false;
			if (!(line->prot & PROT_READ))
				return true;
			range.start = line->end;
		}
	}
	return false;
}

static struct error *read_hidden(struct chunk *chunk)
{
	chunk->hidden = malloc((size_t)chunk->pages * PAGE_BYTES);
	return chunk->hidden ? read_chunk(chunk, chunk->hidden) : out_of_memory();
}

/* All of it at once, before workers come to it; there is little. */
static struct error *read_all_hidden(struct memory_collection *memory, size_t first)
{
	for (size_t i = first; !memory->hidden_is_readable && i < memory->work_count; i++)
		if (is_hidden(memory, memory->work[i]))
			TRY(read_hidden(memory->work[i]));
	return NULL;
}

static void forget_hidden(struct chunk *chunk)
{
	free(chunk->hidden);
	chunk->hidden = NULL;
}

static struct error *fetch_chunk(struct chunk *chunk, char *buffer)
{
	if (!chunk->hidden)
		return read_chunk(chunk, buffer);
	memcpy(buffer, chunk->hidden, (size_t)chunk->pages * PAGE_BYTES);
	forget_hidden(chunk);
	return NULL;
}

/* ---- one chunk, all of it ---- */

static struct error *drain_chunk(struct memory_collection *memory, struct chunk *chunk, char **own_buffer)
{
	char *staged = stage_take(memory, (size_t)chunk->pages * PAGE_BYTES);
	char *buffer = staged ?: get_buffer(own_buffer);
	struct error *error;

	error = buffer ? fetch_chunk(chunk, buffer) : out_of_memory();
	/* The place is taken after an error, too: the others wait for it. */
	take_place(chunk, error ? 0 : (uint64_t)keep_pages(memory, chunk, buffer) * PAGE_BYTES);
	if (error)
		return error;
	chunk->staged = staged;
	return staged ? NULL : write_chunk(memory->dump, chunk, buffer);
}

/* ---- workers ---- */

/* Index of the next piece of work; none is left when the run is given up. */
static size_t next_chunk(struct memory_collection *memory)
{
	struct error *error = cancel_check();

	if (error) {
		collection_note_error(memory, error);
		__atomic_store_n(&memory->next_work, memory->work_count, __ATOMIC_RELAXED);
		return memory->work_count;
	}
	return __atomic_fetch_add(&memory->next_work, 1, __ATOMIC_RELAXED);
}

static void drain_chunks(void *argument)
{
	struct memory_collection *memory = argument;
	char *buffer = NULL;
	size_t next;

	while ((next = next_chunk(memory)) < memory->work_count) {
		collection_note_error(memory, drain_chunk(memory, memory->work[next], &buffer));
		progress_add(&memory->progress, memory->work[next]->pages);
	}
	if (buffer)
		munmap(buffer, CHUNK_PAGES * PAGE_BYTES);
}

/* Puts the chunks of sets that are new on the list. */
static void list_work(struct dump *dump)
{
	struct memory_collection *memory = dump->memory;

	for (size_t i = 0; i < memory->set_count; i++) {
		struct page_set *set = memory->sets[i];

		if (set->cut)
			continue;
		set->cut = true;
		cut(dump->arena, set);
		for (size_t j = 0; j < set->chunk_count; j++) {
			*arena_append(dump->arena, memory->work, memory->work_count, memory->work_capacity) =
			    &set->chunks[j];
			*(set->shared ? &dump->shared_pages_scanned : &dump->pages_scanned) += set->chunks[j].pages;
			progress_expect(&memory->progress, set->chunks[j].pages);
		}
	}
}

struct error *memory_prepare(struct dump *dump)
{
	struct memory_collection *memory = arena_new(dump->arena, struct memory_collection);

	dump->memory = memory;
	memory->dump = dump;
	memory->next_pages_id = 1;
	pthread_mutex_init(&memory->error_lock, NULL);
	scan_prepare(memory);
	memory->hidden_is_readable = is_hidden_readable();
	team_start(&memory->team);
	stage_prepare(dump);
	return NULL;
}

/*
 * process_vm_readv() pins what it reads, and before a page that relatives share is pinned, the
 * kernel gives the process a copy of its own: the tree would need more memory after the dump. Reading
 * /proc/PID/mem leaves them shared; it is somewhat slower.
 */
static struct error *task_set(struct dump *dump, struct task *task)
{
	struct page_set *set = new_page_set(dump, task, task->pid, false);
	const struct task_scan *scan = &dump->memory->scans[task->index];

	set->wanted = scan->wanted;
	*arena_append(dump->arena, set->sources, set->source_count, set->source_capacity) =
	    (struct range_source){ .task = task };
	if (!scan->has_relatives)
		return NULL;
	set->opened_each_time = dump->snapshot->task_count > MANY_TASKS;
	if (set->opened_each_time)
		return NULL;
	set->source_fd = openat(task->proc_fd, "mem", O_RDONLY | O_CLOEXEC);
	return set->source_fd < 0 ? fail_errno("could not open the memory of process %d", task->pid) : NULL;
}

void memory_scan(struct dump *dump)
{
	struct memory_collection *memory = dump->memory;

	memory->scan_count = dump->snapshot->task_count;
	memory->scans = arena_array(dump->arena, struct task_scan, memory->scan_count);
	team_post(&memory->team, scan_tasks, memory);
}

/* Whose memory is another's was not known yet. */
static void forget_sharers(struct dump *dump)
{
	for (size_t i = 0; i < dump->snapshot->task_count; i++)
		if (task_shares_memory(dump->snapshot->tasks[i]))
			dump->memory->scans[i].line_count = 0;
}

struct error *memory_start(struct dump *dump)
{
	struct memory_collection *memory = dump->memory;
	struct snapshot *snapshot = dump->snapshot;

	team_join(&memory->team);
	TRY(take_pointer(memory->first_error));
	forget_sharers(dump);
	TRY(shared_sets(dump));
	TRY(sysv_sets(dump));
	for (size_t i = 0; i < snapshot->task_count; i++)
		if (snapshot->tasks[i]->state != TASK_DEAD && !task_shares_memory(snapshot->tasks[i]))
			TRY(task_set(dump, snapshot->tasks[i]));
	if (inspecting(dump))
		return NULL;
	progress_begin(&memory->progress, "saved", dump->criu->options->verbosity);
	list_work(dump);
	TRY(read_all_hidden(memory, 0));
	team_post(&memory->team, drain_chunks, memory);
	return NULL;
}

struct error *memory_drain(struct dump *dump)
{
	struct memory_collection *memory = dump->memory;
	size_t before = memory->work_count;

	team_join(&memory->team);
	memory->next_work = before;
	list_work(dump); /* what other families have asked for since */
	TRY(read_all_hidden(memory, before));
	if (memory->work_count > before)
		team_post(&memory->team, drain_chunks, memory);
	team_join(&memory->team);
	progress_end(&memory->progress);
	return take_pointer(memory->first_error);
}

/* ---- what waited in memory ---- */

static void write_chunks(void *argument)
{
	struct memory_collection *memory = argument;
	size_t next;

	while ((next = next_chunk(memory)) < memory->work_count) {
		struct chunk *chunk = memory->work[next];

		if (chunk->staged)
			collection_note_error(memory, write_chunk(memory->dump, chunk, chunk->staged));
	}
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
	entry.vaddr = range.start;
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
	const struct mapping *mappings;

	if (set->shared)
		return write_entry(dump, writer, set, range, PAGE_RUN_PRESENT);
	mappings = set->task->mappings;
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

/* *last: a range that may go on with the next page. */
static struct error *write_kept(struct dump *dump, struct image_writer *writer, const struct chunk *chunk,
				struct page_range *last, size_t *at)
{
	const struct page_range *range = &chunk->set->wanted.items[chunk->first_range];
	uint64_t address = range->start;

	for (unsigned i = 0; i < chunk->pages; i++, address += PAGE_BYTES) {
		if (address == range->end)
			address = (++range)->start;
		if (!(chunk->kept >> i & 1))
			continue;
		if (last->end != address) {
			if (last->end)
				TRY(write_range(dump, writer, chunk->set, *last, at));
			last->start = address;
		}
		last->end = address + PAGE_BYTES;
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
	for (size_t i = 0; i < set->chunk_count; i++)
		TRY(write_kept(dump, writer, &set->chunks[i], &last, &at));
	if (last.end)
		TRY(write_range(dump, writer, set, last, &at));
	return image_close(take_pointer(writer));
}

struct error *memory_write(struct dump *dump)
{
	struct memory_collection *memory = dump->memory;

	TRY(sysv_write(dump));
	memory->next_work = 0;
	team_post(&memory->team, write_chunks, memory);
	for (size_t i = 0; i < memory->set_count; i++)
		TRY(write_set(dump, memory->sets[i]));
	team_join(&memory->team);
	for (size_t i = 0; i < memory->set_count; i++) {
		TRY(trim_pages(memory->sets[i]));
		tell_checksums(dump, memory->sets[i]);
	}
	return take_pointer(memory->first_error);
}

void memory_release(struct dump *dump)
{
	struct memory_collection *memory = dump->memory;

	if (!memory)
		return;
	__atomic_store_n(&memory->next_work, memory->work_count, __ATOMIC_RELAXED); /* after a failure nobody wants the rest */
	team_stop(&memory->team);
	progress_end(&memory->progress);
	for (size_t i = 0; i < memory->set_count; i++) {
		if (memory->sets[i]->pages_fd >= 0)
			close(memory->sets[i]->pages_fd);
		if (memory->sets[i]->source_fd >= 0)
			close(memory->sets[i]->source_fd);
	}
	for (size_t i = 0; i < memory->work_count; i++)
		forget_hidden(memory->work[i]);
	for (size_t i = 0; i < memory->scan_count; i++)
		arena_free(&memory->scans[i].arena);
	stage_release(memory);
	error_free(memory->first_error);
}
