// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: the memory that a ring shares with its program. Contents come back with the ring (files/io_uring/). The
 * kernel maps it where it likes and lets nobody move it (io_uring_get_unmapped_area() of Linux refuses every address). So
 * the program fills all that is free in the address space, leaves one hole of just the size at the right place, and lets
 * the kernel choose.
 */
#include "memory/io_uring.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "arch/arch.h"
#include "files/plan.h"
#include "memory/plan.h"
#include "memory/vma.h"

enum { LOWEST_ADDRESS = 0x10000, RINGS_OFFSET = 0, COMPLETIONS_OFFSET = 0x8000000, REQUESTS_OFFSET = 0x10000000 };

static bool is_known_part(uint64_t offset)
{
	return offset == RINGS_OFFSET || offset == COMPLETIONS_OFFSET || offset == REQUESTS_OFFSET;
}

/* ---- dump ---- */

static bool is_io_uring(const struct mapping_line *line)
{
	return !strcmp(line->path, "anon_inode:[io_uring]");
}

/* Whose memory it is, is found when all descriptors are known. */
static struct error *dump(struct dump *dump, struct mapping *mapping)
{
	if (!is_known_part(mapping->line->offset))
		return with_hint(fail("it is a part of an io_uring's memory that cannot be mapped alone"),
				 "Let the program unmap or protect that memory only as a whole.");
	mapping->entry->status = VMA_REGULAR | VMA_IO_URING;
	return NULL;
}

/* ---- restore ---- */

static bool claims(const VmaEntry *entry)
{
	return entry->status & VMA_IO_URING;
}

static struct error *plan(struct restore *restore, struct mapping *mapping)
{
	const VmaEntry *entry = mapping->entry;

	if (!is_known_part(entry->pgoff) || task_is_compat(mapping->task))
		return fail("the image is damaged: memory of an io_uring at 0x%llx", (unsigned long long)entry->start);
	if (!planned_file_find(restore, entry->shmid, FD_TYPES__IO_URING))
		return fail("the image is damaged: io_uring %llu is not there", (unsigned long long)entry->shmid);
	return files_want(restore, entry->shmid);
}

const struct mapping_kind io_uring_mapping_kind = {
	.name = "io_uring",
	.recognise = is_io_uring,
	.dump = dump,
	.claims = claims,
	.plan = plan,
};

/* ---- the program's part ---- */

static bool is_ring(const struct mapping *mapping)
{
	return mapping->kind == &io_uring_mapping_kind;
}

static void emit_fill(uint64_t start, uint64_t end, bool full, struct batch *program)
{
	if (start >= end)
		return;
	if (full)
		batch_call_flags(program, "free memory around an io_uring", SYS_mmap, REMOTE_EXACT, start, end - start, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0);
	else
		batch_call(program, "free memory around an io_uring", SYS_munmap, start, end - start);
}

/* What is free, but for the arena. full: what is not there yet counts as free; else the rings are there. */
static void emit_fill_all(const struct placement *placement, const struct page_range *hole, bool full, struct batch *program)
{
	const struct task *task = placement->task;
	uint64_t start = LOWEST_ADDRESS;
	bool hole_passed = false;

	for (size_t i = 0; i <= task->mapping_count; i++) {
		const struct mapping *mapping = i < task->mapping_count ? &task->mappings[i] : NULL;

		if (mapping && !placement->address[i] && !placement->late[i] && (full || !is_ring(mapping)))
			continue;
		if (!hole_passed && (!mapping || mapping->entry->start >= hole->end)) {
			emit_fill(start, hole->start, full, program);
			start = hole->end;
			hole_passed = true;
		}
		emit_fill(start, mapping ? mapping->entry->start : arch_task_size(), full, program);
		start = mapping ? mapping->entry->end : start;
	}
}

/* What was moved to its place has left a hole in the arena. */
static void emit_plugs(const struct placement *placement, struct batch *program)
{
	for (size_t i = 0; placement->moved && i < placement->task->mapping_count; i++) {
		const struct mapping *mapping = &placement->task->mappings[i];

		if (placement->address[i] && placement->address[i] != mapping->entry->start)
			batch_call_flags(program, "arena around an io_uring", SYS_mmap, REMOTE_EXACT, placement->address[i],
					 mapping_size(mapping), PROT_NONE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0);
	}
}

static void emit_ring(struct restore *restore, const struct mapping *mapping, struct batch *program)
{
	const VmaEntry *entry = mapping->entry;
	uint64_t start = entry->start, size = mapping_size(mapping);
	int fd = planned_file_find(restore, entry->shmid, FD_TYPES__IO_URING)->fd;

	batch_call(program, "place of an io_uring", SYS_munmap, start, size);
	batch_call(program, "memory of an io_uring", SYS_mmap, 0, size, entry->prot, MAP_SHARED,
		   fd, entry->pgoff);
	/* Fails where nothing is mapped. */
	batch_call(program, "memory of an io_uring at its place", SYS_madvise, start, size, MADV_NORMAL);
	for (unsigned advice = 0; entry->has_madv && advice < 64; advice++)
		if (entry->madv & 1ULL << advice)
			batch_call(program, "advice for the memory of an io_uring", SYS_madvise, start, size, advice);
}

void io_uring_emit(struct restore *restore, const struct placement *placement, const struct page_range *hole,
		   struct batch *program)
{
	const struct task *task = placement->task;
	bool any = false;

	for (size_t i = 0; i < task->mapping_count && !any; i++)
		any = is_ring(&task->mappings[i]);
	if (!any)
		return;
	emit_plugs(placement, program);
	emit_fill_all(placement, hole, true, program);
	for (size_t i = 0; i < task->mapping_count; i++)
		if (is_ring(&task->mappings[i]))
			emit_ring(restore, &task->mappings[i], program);
	emit_fill_all(placement, hole, false, program);
}
