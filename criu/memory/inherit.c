// SPDX-License-Identifier: GPL-2.0
/*
 * Inheriting: a parent maps and fills what its children have too before it forks them. A child
 * keeps the pages that are equal to its own, shared as they were, and overwrites or drops the
 * others. Private memory: anonymous, and of files that can be opened before the opener makes those
 * that are gone.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory/place.h"
#include "memory/vma.h"
#include "support/cleanup.h"
#include "support/file.h"

enum { BUFFER_BYTES = 256 * 1024, REPLACED_BYTES = 4 * PAGE_BYTES };

/* The task's mapping that begins at an address; NULL if none does. */
static struct mapping *mapping_at(const struct task *task, uint64_t start)
{
	size_t low = 0, high = task->mapping_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (task->mappings[middle].entry->start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < task->mapping_count && task->mappings[low].entry->start == start ? &task->mappings[low] : NULL;
}

static bool is_shareable(const struct mapping *mapping)
{
	const VmaEntry *entry = mapping->entry;
	uint64_t unshared = 1ULL << ADVICE_DONTFORK | 1ULL << ADVICE_WIPEONFORK;

	return vma_is_private(entry->status) && mapping->kind && mapping->kind->map &&
	       !(entry->flags & MAP_HUGETLB) && !(entry->has_madv && (entry->madv & unshared));
}

/* Do both show the same when nothing has been written? */
static bool same_background(const VmaEntry *one, const VmaEntry *other)
{
	if ((one->status ^ other->status) & VMA_FILE_PRIVATE)
		return false;
	return !(one->status & VMA_FILE_PRIVATE) || (one->shmid == other->shmid && one->pgoff == other->pgoff);
}

/* May one become the other? */
static bool match(struct restore *restore, const struct mapping *one, const struct mapping *other)
{
	uint32_t same = MAP_GROWSDOWN | MAP_NORESERVE;

	return is_shareable(one) && is_shareable(other) && same_background(one->entry, other->entry) &&
	       (one->entry->flags & same) == (other->entry->flags & same) &&
	       (one->entry->end == other->entry->end || !(one->entry->flags & MAP_GROWSDOWN)) &&
	       first_protection(restore, one) == first_protection(restore, other);
}

bool is_inheritable(struct restore *restore, const struct mapping *mapping)
{
	if (!is_shareable(mapping) || !restore->memory->tasks[mapping->task->index].filled[mapping->index])
		return false;
	for (const struct task *child = mapping->task->first_child; child; child = child->next_sibling) {
		const struct mapping *theirs =
		    child->state == TASK_DEAD ? NULL : mapping_at(child, mapping->entry->start);

		if (theirs && match(restore, mapping, theirs))
			return true;
	}
	return false;
}

/* ---- adopting ---- */

static struct error *drop(uint64_t start, uint64_t end)
{
	if (start < end && munmap((void *)start, end - start))
		return fail_errno("could not unmap memory of the parent");
	return NULL;
}

/* Longer than the ancestor's: grows where it is, else it is made anew later. */
static struct error *grow(struct placement *placement, const struct mapping *mapping, uint64_t old_end)
{
	uint64_t start = mapping->entry->start;

	if (mremap((void *)start, old_end - start, mapping_size(mapping), 0) != MAP_FAILED)
		return NULL;
	placement->address[mapping->index] = 0;
	placement->adopted[mapping->index] = false;
	return drop(start, old_end);
}

struct error *adopt_memory(struct restore *restore, struct placement *placement)
{
	const struct placement *present = restore->memory->present;

	for (size_t i = 0; present && i < present->task->mapping_count; i++) {
		const struct mapping *theirs = &present->task->mappings[i];
		const struct mapping *mine;

		if (!present->address[i])
			continue;
		mine = mapping_at(placement->task, theirs->entry->start);
		if (!mine || !match(restore, theirs, mine)) {
			TRY(drop(theirs->entry->start, theirs->entry->end));
			continue;
		}
		TRY(drop(mine->entry->end, theirs->entry->end));
		placement->address[mine->index] = mine->entry->start;
		placement->adopted[mine->index] = true;
	}
	for (size_t i = 0; present && i < placement->task->mapping_count; i++) {
		const struct mapping *mine = &placement->task->mappings[i], *theirs;

		if (!placement->adopted[i])
			continue;
		theirs = mapping_at(present->task, mine->entry->start);
		if (mine->entry->end > theirs->entry->end)
			TRY(grow(placement, mine, theirs->entry->end));
	}
	return NULL;
}

/* ---- comparing ---- */

/* First run that ends behind an address. */
static size_t run_behind(const struct task_memory *memory, uint64_t address)
{
	size_t low = 0, high = memory->run_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (memory->runs[middle].start + memory->runs[middle].pages * PAGE_BYTES <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct comparison {
	const struct task_memory *memory, *ancestor;
	char *buffer;
	uint64_t compared, skipped, restored;
};

/* Pages that only the ancestor has. */
static struct error *forget(const struct comparison *comparison, uint64_t start, uint64_t end)
{
	size_t run;

	if (start >= end)
		return NULL;
	run = run_behind(comparison->ancestor, start);
	if (run == comparison->ancestor->run_count || comparison->ancestor->runs[run].start >= end)
		return NULL;
	if (madvise((void *)start, end - start, MADV_DONTNEED))
		return fail_errno("could not drop pages of the parent");
	return NULL;
}

/* Pages that differ. A shared page that is written is copied first; several are better dropped
 * and had anew, all by one call. */
static void replace(uint64_t start, const char *source, uint64_t bytes)
{
	if (bytes >= REPLACED_BYTES && !madvise((void *)start, bytes, MADV_DONTNEED))
		(void)madvise((void *)start, bytes, MADV_POPULATE_WRITE);
	memcpy((void *)start, source, bytes);
}

static void compare_buffer(struct comparison *comparison, uint64_t start, uint64_t bytes)
{
	uint64_t differs = 0; /* how many bytes before `at` do */

	for (uint64_t at = 0; at <= bytes; at += PAGE_BYTES) {
		bool same = at == bytes || !memcmp((void *)(start + at), comparison->buffer + at, PAGE_BYTES);

		if (!same) {
			differs += PAGE_BYTES;
			continue;
		}
		if (differs)
			replace(start + at - differs, comparison->buffer + at - differs, differs);
		comparison->restored += differs / PAGE_BYTES;
		comparison->skipped += at < bytes;
		differs = 0;
	}
	comparison->compared += bytes / PAGE_BYTES;
}

static struct error *compare_stretch(struct comparison *comparison, uint64_t start, uint64_t end, uint64_t offset)
{
	while (start < end) {
		uint64_t bytes = end - start < BUFFER_BYTES ? end - start : BUFFER_BYTES;

		TRY(pread_exactly(comparison->memory->pages_fd, comparison->buffer, bytes, offset));
		compare_buffer(comparison, start, bytes);
		start += bytes;
		offset += bytes;
	}
	return NULL;
}

/*
 * Pages [start, end), whose contents are at offset. In a mapping of a file, what the ancestor does not have is a page
 * of the file: even one of the same contents must become the task's own, or it would change with the file.
 */
static struct error *bring_stretch(struct comparison *comparison, uint64_t start, uint64_t end, uint64_t offset, bool of_file)
{
	const struct task_memory *ancestor = comparison->ancestor;

	if (!of_file)
		return compare_stretch(comparison, start, end, offset);
	while (start < end) {
		size_t run = run_behind(ancestor, start);
		bool inherited = run < ancestor->run_count && ancestor->runs[run].start <= start;
		uint64_t stop = run == ancestor->run_count ? end
				: inherited		   ? ancestor->runs[run].start + ancestor->runs[run].pages * PAGE_BYTES
							   : ancestor->runs[run].start;

		if (stop > end)
			stop = end;
		if (inherited)
			TRY(compare_stretch(comparison, start, stop, offset));
		else
			TRY(pread_exactly(comparison->memory->pages_fd, (void *)start, stop - start, offset));
		comparison->restored += inherited ? 0 : (stop - start) / PAGE_BYTES;
		offset += stop - start;
		start = stop;
	}
	return NULL;
}

struct error *compare_pages(struct restore *restore, struct placement *placement, size_t index)
{
	const VmaEntry *entry = placement->task->mappings[index].entry;
	const struct placement *present = restore->memory->present;
	struct comparison comparison = { .memory = &restore->memory->tasks[placement->task->index],
					 .ancestor = &restore->memory->tasks[present->task->index] };
	cleanup_free char *buffer = malloc(BUFFER_BYTES);
	uint64_t at = entry->start;

	if (!buffer)
		return out_of_memory();
	comparison.buffer = buffer;
	for (size_t i = run_behind(comparison.memory, at); i < comparison.memory->run_count; i++) {
		const struct page_run *run = &comparison.memory->runs[i];
		uint64_t start = run->start > at ? run->start : at, end = run->start + run->pages * PAGE_BYTES;

		if (start >= entry->end)
			break;
		if (end > entry->end)
			end = entry->end;
		TRY(forget(&comparison, at, start));
		TRY(bring_stretch(&comparison, start, end, run->offset + start - run->start, entry->status & VMA_FILE_PRIVATE));
		at = end;
	}
	TRY(forget(&comparison, at, entry->end));
	__atomic_add_fetch(restore->pages_compared, comparison.compared, __ATOMIC_RELAXED);
	__atomic_add_fetch(restore->pages_skipped, comparison.skipped, __ATOMIC_RELAXED);
	__atomic_add_fetch(restore->pages_restored, comparison.restored, __ATOMIC_RELAXED);
	return NULL;
}
