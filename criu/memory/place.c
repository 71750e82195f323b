// SPDX-License-Identifier: GPL-2.0
/*
 * Placing: the newborn makes the task's mappings at their final addresses while criu's own
 * code is still mapped. Those that collide with criu go into a hole, a range that is free in
 * the newborn and in the task, and are moved by the program when criu is gone. The hole also
 * holds the program itself and, for a moment, the vdso.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arch/arch.h"
#include "files/files.h"
#include "memory/fill.h"
#include "memory/io_uring.h"
#include "memory/memory.h"
#include "memory/place.h"
#include "memory/vma.h"
#include "model/handover.h"
#include "support/cleanup.h"
#include "support/log.h"

enum {
	VDSO_ROOM = 64 * 1024,
	VAST_BYTES = 1 << 30,
	LATE_PIECES = 1024, /* IOV_MAX */
	FRESH_BYTES = 512 * 1024, /* from here on areas are filled by userfaultfd */
};

static bool is_made_here(const struct mapping *mapping)
{
	return mapping->kind->map != NULL;
}

/* ---- the hole ---- */

static bool overlaps_task(const struct task *task, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < task->mapping_count; i++) {
		const VmaEntry *entry = task->mappings[i].entry;
		/* A stack that may grow keeps the room below it. */
		uint64_t gap = entry->flags & MAP_GROWSDOWN ? 1 << 20 : 0;

		if (start < entry->end && end + gap > entry->start)
			return true;
	}
	return false;
}

struct error *reserve_hole(const struct restore *restore, const struct task *task, uint64_t size, void **hole)
{
	uint64_t limit = task_is_compat(task) ? arch_compat_task_size() : arch_task_size();

	for (uint64_t hint = 0x10000000; hint + size < limit; hint += size + (64 << 20)) {
		void *place;

		if (overlaps_task(task, hint, hint + size) || vdso_overlaps(restore, task, hint, hint + size))
			continue;
		place = mmap((void *)hint, size, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
		if (place != MAP_FAILED) {
			*hole = place;
			return NULL;
		}
	}
	return with_hint(fail("process %d leaves no free range of %llu bytes for the restoring program", task->pid,
			      (unsigned long long)size),
			 "A mapping of most of the address space that lies where criu itself does cannot be restored yet.");
}

/* ---- mapping ---- */

struct error *place_mapping(struct restore *restore, struct mapping *mapping, uint64_t address)
{
	struct error *error = mapping->kind->map(restore, mapping, (void *)address);

	if (error && error->number == ENOMEM)
		error = with_hint(error, "Give the restore more memory, or, for a process of very many mappings, raise "
					 "vm.max_map_count by 100: until it begins to run, criu's own are there too.");
	return with_context(error, "mapping 0x%llx-0x%llx", (unsigned long long)mapping->entry->start,
			    (unsigned long long)mapping->entry->end);
}

/* Huge pages begin at multiples of their size: what may be left free before them. */
static uint64_t hole_gap(const struct mapping *mapping)
{
	return vma_page_bytes(mapping->entry->flags) - PAGE_BYTES;
}

/* First everything that fits; what collides is left for the second round. */
static struct error *map_in_place(struct restore *restore, struct task *task, struct placement *placement,
				  uint64_t *colliding)
{
	*colliding = 0;
	for (size_t i = 0; i < task->mapping_count; i++) {
		struct mapping *mapping = &task->mappings[i];
		struct error *error;

		if (!is_made_here(mapping) || placement->address[i])
			continue;
		error = place_mapping(restore, mapping, mapping->entry->start);
		if (!error) {
			placement->address[i] = mapping->entry->start;
			continue;
		}
		if (error->number != EEXIST)
			return error;
		error_free(error);
		placement->moved++;
		*colliding += mapping_size(mapping) + hole_gap(mapping);
	}
	return NULL;
}

static struct error *map_in_hole(struct restore *restore, struct task *task, struct placement *placement, uint64_t at)
{
	for (size_t i = 0; placement->moved && i < task->mapping_count; i++) {
		struct mapping *mapping = &task->mappings[i];

		if (!is_made_here(mapping) || placement->address[i] || placement->late[i])
			continue;
		at += -at & hole_gap(mapping);
		if (munmap((void *)at, mapping_size(mapping)))
			return fail_errno("could not free a place");
		TRY(place_mapping(restore, mapping, at));
		placement->address[i] = at;
		at += mapping_size(mapping);
	}
	return NULL;
}

/* ---- pages ---- */

/* Large areas get huge pages when they allow it, and no others, whatever the system prefers; the task's own advice
 * follows later. */
static void encourage_huge_pages(const struct restore *restore, const struct mapping *mapping, uint64_t address)
{
	const VmaEntry *entry = mapping->entry;
	bool refused = entry->has_madv && (entry->madv & 1ULL << ADVICE_NOHUGEPAGE);
	bool asked = entry->has_madv && (entry->madv & 1ULL << ADVICE_HUGEPAGE);

	if (!(entry->status & VMA_ANON_PRIVATE))
		return;
	if (refused && restore->memory->huge_always)
		(void)madvise((void *)address, mapping_size(mapping), MADV_NOHUGEPAGE);
	else if (asked && !refused)
		(void)madvise((void *)address, mapping_size(mapping), MADV_HUGEPAGE);
}

/* Small areas are filled as fast by reading. */
static bool is_fresh(struct restore *restore, const struct mapping *mapping)
{
	const VmaEntry *entry = mapping->entry;
	bool huge = entry->has_madv && (entry->madv & 1ULL << ADVICE_HUGEPAGE);

	return (entry->status & VMA_ANON_PRIVATE) && !(entry->flags & MAP_HUGETLB) && !huge &&
	       !restore->memory->huge_always && mapping_size(mapping) >= FRESH_BYTES;
}

static struct error *fill(struct restore *restore, const struct task *task, const struct placement *placement)
{
	const struct task_memory *memory = &restore->memory->tasks[task->index];
	struct arena scratch = { 0 };
	struct fill fill = { .arena = &scratch };
	struct error *error;
	size_t at = 0, last = SIZE_MAX, area = 0;

	for (size_t i = 0; i < memory->run_count; i++) {
		const struct page_run *run = &memory->runs[i];
		uint64_t address = run->start, end = run->start + run->pages * PAGE_BYTES;

		while (address < end) {
			const VmaEntry *entry;
			uint64_t stop, place;

			while (task->mappings[at].entry->end <= address)
				at++;
			entry = task->mappings[at].entry;
			place = placement->complete[at] || !vma_is_private(entry->status) ? 0 : placement->address[at];
			stop = end < entry->end ? end : entry->end;
			if (last != at)
				area = place && is_fresh(restore, &task->mappings[at])
					   ? fill_area(&fill, place, place + entry->end - entry->start)
					   : 0;
			last = at;
			if (place)
				fill_add(&fill, place + address - entry->start, stop - address,
					 run->offset + address - run->start, area);
			address = stop;
		}
	}
	error = fill_run(restore, &fill, memory->pages_fd, memory->blocks);
	arena_free(&scratch);
	return error;
}

struct error *place_pages(struct restore *restore, struct placement *placement)
{
	const struct task *task = placement->task;

	for (size_t i = 0; i < task->mapping_count; i++) {
		if (!placement->address[i] || placement->complete[i])
			continue;
		if (placement->adopted[i]) {
			TRY(compare_pages(restore, placement, i));
			placement->complete[i] = true;
		} else {
			encourage_huge_pages(restore, &task->mappings[i], placement->address[i]);
		}
	}
	TRY(fill(restore, task, placement));
	for (size_t i = 0; i < task->mapping_count; i++)
		placement->complete[i] = placement->address[i];
	return NULL;
}

/* ---- what an area shall be in the end ---- */

static struct error *protect(struct restore *restore, const struct mapping *mapping, uint64_t address)
{
	const VmaEntry *entry = mapping->entry;

	if (!vma_is_private(entry->status) || (int)entry->prot == first_protection(restore, mapping))
		return NULL;
	if (mprotect((void *)address, mapping_size(mapping), entry->prot))
		return fail_errno("could not protect memory at 0x%llx", (unsigned long long)entry->start);
	return NULL;
}

static struct error *advise(const struct mapping *mapping, uint64_t address)
{
	const VmaEntry *entry = mapping->entry;

	for (unsigned advice = 0; entry->has_madv && advice < 64; advice++)
		if ((entry->madv & 1ULL << advice) && madvise((void *)address, mapping_size(mapping), advice))
			return fail_errno("could not give advice %u for memory at 0x%llx", advice,
					  (unsigned long long)entry->start);
	return NULL;
}

/* Locking on fault needs no page to be there, so only the right to lock can be missing. The
 * second call brings the pages in where that was wanted; it may fail where the first
 * process could not have either (PROT_NONE). */
static struct error *lock(const struct mapping *mapping, uint64_t address)
{
	const VmaEntry *entry = mapping->entry;

	if (!(entry->flags & MAP_LOCKED))
		return NULL;
	if (mlock2((void *)address, mapping_size(mapping), MLOCK_ONFAULT))
		return with_hint(fail_errno("could not lock memory at 0x%llx", (unsigned long long)entry->start),
				 "Raise the limit of locked memory (ulimit -l).");
	if (!entry->locked_on_fault)
		(void)mlock((void *)address, mapping_size(mapping));
	return NULL;
}

enum { GUARD_INSTALL = 102 }; /* MADV_GUARD_INSTALL of Linux 6.13 */

/* Guard pages that lie in one mapping, which may be at another place now. */
static struct error *guard(const struct task_memory *memory, const struct mapping *mapping, uint64_t address)
{
	const VmaEntry *entry = mapping->entry;

	for (size_t i = 0; i < memory->guard_count; i++) {
		uint64_t start = memory->guards[i].start, end = memory->guards[i].end;

		start = start > entry->start ? start : entry->start;
		end = end < entry->end ? end : entry->end;
		if (start < end && madvise((void *)(address + start - entry->start), end - start, GUARD_INSTALL))
			return with_hint(fail_errno("could not install guard pages at 0x%llx",
						    (unsigned long long)start),
					 "Guard pages need Linux 6.13, in mappings of files 6.15.");
	}
	return NULL;
}

static struct error *finish_areas(struct restore *restore, const struct task *task, const struct placement *placement)
{
	for (size_t i = 0; i < task->mapping_count; i++) {
		if (!placement->address[i])
			continue;
		TRY(guard(&restore->memory->tasks[task->index], &task->mappings[i], placement->address[i]));
		TRY(protect(restore, &task->mappings[i], placement->address[i]));
		TRY(advise(&task->mappings[i], placement->address[i]));
		TRY(lock(&task->mappings[i], placement->address[i]));
	}
	return NULL;
}

static struct placement *new_placement(struct restore *restore, struct task *task)
{
	struct placement *placement = arena_new(restore->arena, struct placement);

	placement->task = task;
	placement->address = arena_array(restore->arena, uint64_t, task->mapping_count);
	placement->adopted = arena_array(restore->arena, bool, task->mapping_count);
	placement->complete = arena_array(restore->arena, bool, task->mapping_count);
	placement->late = arena_array(restore->arena, bool, task->mapping_count);
	return placement;
}

static void close_early(struct task_memory *memory)
{
	if (memory->early_fd >= 0)
		close(memory->early_fd);
	memory->early_fd = -1;
}

/* Mappings of one file mostly follow each other. False: the file is not there before the opener has made it. */
static bool open_early(struct restore *restore, const struct mapping *mapping)
{
	struct task_memory *memory = &restore->memory->tasks[mapping->task->index];
	uint32_t key = memory->keys[mapping->index];

	if (!(mapping->entry->status & VMA_FILE_PRIVATE))
		return true;
	if (memory->early_fd < 0 || memory->early_key != key) {
		close_early(memory);
		files_open_early(restore, key, &memory->early_fd);
		memory->early_key = key;
	}
	return memory->early_fd >= 0;
}

/* Where criu itself is in the way, the child gets its own copy later. */
static struct error *map_for_children(struct restore *restore, struct task *task, struct placement *placement)
{
	for (size_t i = 0; i < task->mapping_count; i++) {
		struct mapping *mapping = &task->mappings[i];
		struct error *error;

		if (placement->address[i] || !is_inheritable(restore, mapping) || !open_early(restore, mapping))
			continue;
		error = place_mapping(restore, mapping, mapping->entry->start);
		if (!error) {
			placement->address[i] = mapping->entry->start;
			continue;
		}
		if (error->number != EEXIST)
			return error;
		error_free(error);
	}
	return NULL;
}

struct error *memory_restore_inherited(struct restore *restore, struct task *task)
{
	struct placement *placement = new_placement(restore, task);

	restore->memory->tasks[task->index].placement = placement;
	TRY(adopt_memory(restore, placement));
	if (task->first_child) {
		restore->memory->tasks[task->index].early_fd = -1;
		TRY(map_for_children(restore, task, placement));
		close_early(&restore->memory->tasks[task->index]);
		TRY(pages_open(restore, &restore->memory->tasks[task->index]));
		TRY(place_pages(restore, placement));
		pages_close(&restore->memory->tasks[task->index]);
		restore->memory->present = placement;
	}
	return NULL;
}

/* Colliding memory that is too much to be put aside is left to the program; what remains to be put aside. */
static uint64_t leave_late(const struct task *task, struct placement *placement)
{
	uint64_t colliding = 0;

	for (size_t i = 0; i < task->mapping_count; i++) {
		const struct mapping *mapping = &task->mappings[i];
		const VmaEntry *entry = mapping->entry;

		if (!is_made_here(mapping) || placement->address[i])
			continue;
		placement->late[i] = (entry->status & VMA_ANON_PRIVATE) && mapping_size(mapping) >= VAST_BYTES &&
				     !(entry->flags & (MAP_HUGETLB | VMA_DROPPABLE_FLAG));
		if (!placement->late[i])
			colliding += mapping_size(mapping) + hole_gap(mapping);
	}
	return colliding;
}

struct error *memory_restore(struct restore *restore, struct task *task, const struct handover *handover, size_t room,
			     struct memory_layout *layout)
{
	struct placement *placement = restore->memory->tasks[task->index].placement;
	uint64_t colliding;
	struct error *error;

	room = (room + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
	restore->memory->tasks[task->index].handover = handover;
	TRY(pages_open(restore, &restore->memory->tasks[task->index])); /* the program may read it too, and closes it */
	TRY(map_in_place(restore, task, placement, &colliding));
	/* Hole: program, vdso, misplaced mappings. */
	error = reserve_hole(restore, task, room + VDSO_ROOM + colliding, &layout->hole);
	if (error && colliding) {
		error_free(error);
		colliding = leave_late(task, placement);
		error = reserve_hole(restore, task, room + VDSO_ROOM + colliding, &layout->hole);
	}
	TRY(error);
	layout->room = room + VDSO_ROOM + colliding;
	layout->vdso_park = (uint64_t)layout->hole + room;
	layout->private = placement;
	TRY(map_in_hole(restore, task, placement, layout->vdso_park + VDSO_ROOM));
	TRY(place_pages(restore, placement));
	vdso_patch(restore, task, placement);
	return finish_areas(restore, task, placement);
}

/* ---- the program's part ---- */

struct range {
	uint64_t start, end;
};

enum { KEPT_MAX = VDSO_PARTS_MAX + 1 };

/* What stays of criu for now: the hole with the program, the vdso that is to be parked. */
static size_t kept_ranges(const struct restore *restore, const struct memory_layout *layout, struct range *kept)
{
	const struct vdso_place *vdso = restore->memory->own_vdso;
	size_t count = 0;

	kept[count++] = (struct range){ (uint64_t)layout->hole, (uint64_t)layout->hole + layout->room };
	for (size_t i = 0; i < vdso->part_count; i++)
		kept[count++] = (struct range){ vdso->parts[i].start, vdso->parts[i].start + vdso->parts[i].size };
	return count;
}

/* Unmaps a range, which may be free, but for what is kept. */
static void emit_unmap(struct range range, const struct range *kept, size_t count, struct batch *program)
{
	for (size_t i = 0; i < count; i++) {
		if (range.start >= kept[i].end || range.end <= kept[i].start)
			continue;
		emit_unmap((struct range){ range.start, kept[i].start }, kept, count, program);
		emit_unmap((struct range){ kept[i].end, range.end }, kept, count, program);
		return;
	}
	if (range.start < range.end)
		batch_call(program, "memory of the restorer", SYS_munmap, range.start, range.end - range.start);
}

/* Everything between the mappings that are in place, so that nobody need ask what is there. */
void memory_emit_clear(const struct restore *restore, const struct task *task, const struct memory_layout *layout,
		       struct batch *program)
{
	const struct placement *placement = layout->private;
	struct range kept[KEPT_MAX];
	size_t count = kept_ranges(restore, layout, kept);
	uint64_t start = 0;

	for (size_t i = 0; i < task->mapping_count; i++) {
		const VmaEntry *entry = task->mappings[i].entry;

		if (placement->address[i] != entry->start)
			continue;
		emit_unmap((struct range){ start, entry->start }, kept, count, program);
		start = entry->end;
	}
	emit_unmap((struct range){ start, arch_task_size() }, kept, count, program);
}

/* The pages of a mapping, which follow each other in the image. */
static void emit_pages(const struct task_memory *memory, const VmaEntry *entry, struct batch *program)
{
	struct iovec pieces[LATE_PIECES];
	size_t count = 0;
	uint64_t offset = 0;

	for (size_t i = 0; i < memory->run_count; i++) {
		const struct page_run *run = &memory->runs[i];
		uint64_t start = run->start > entry->start ? run->start : entry->start;
		uint64_t end = run->start + run->pages * PAGE_BYTES;
		bool last = i + 1 == memory->run_count || memory->runs[i + 1].start >= entry->end;

		end = end < entry->end ? end : entry->end;
		if (start < end) {
			if (!count)
				offset = run->offset + start - run->start;
			pieces[count++] = (struct iovec){ (void *)start, end - start };
		}
		if (count && (count == LATE_PIECES || last)) {
			batch_call_flags(program, "pages of a vast mapping", REMOTE_READ_PAGES, REMOTE_DATA(1), memory->pages_fd,
					 batch_data(program, pieces, count * sizeof(pieces[0])), count, offset);
			count = 0;
		}
	}
}

static void emit_guards(const struct task_memory *memory, const VmaEntry *entry, struct batch *program)
{
	for (size_t i = 0; i < memory->guard_count; i++) {
		uint64_t start = memory->guards[i].start, end = memory->guards[i].end;

		start = start > entry->start ? start : entry->start;
		end = end < entry->end ? end : entry->end;
		if (start < end)
			batch_call(program, "guard pages of a vast mapping", SYS_madvise, start, end - start, GUARD_INSTALL);
	}
}

/* All that place_mapping(), fill() and finish_areas() do for others. */
static void emit_late(struct restore *restore, const struct mapping *mapping, struct batch *program)
{
	const struct task_memory *memory = &restore->memory->tasks[mapping->task->index];
	const VmaEntry *entry = mapping->entry;
	uint64_t start = entry->start, size = mapping_size(mapping);
	int prot = first_protection(restore, mapping);

	batch_call_flags(program, "vast mapping", SYS_mmap, REMOTE_EXACT, start, size, prot,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | (entry->flags & (MAP_GROWSDOWN | MAP_NORESERVE)), (uint64_t)-1, 0);
	emit_pages(memory, entry, program);
	emit_guards(memory, entry, program);
	if ((int)entry->prot != prot)
		batch_call(program, "protection of a vast mapping", SYS_mprotect, start, size, entry->prot);
	for (unsigned advice = 0; entry->has_madv && advice < 64; advice++)
		if (entry->madv & 1ULL << advice)
			batch_call(program, "advice for a vast mapping", SYS_madvise, start, size, advice);
	if (entry->flags & MAP_LOCKED)
		batch_call(program, "lock of a vast mapping", SYS_mlock2, start, size, entry->locked_on_fault ? MLOCK_ONFAULT : 0);
}

struct error *memory_emit(struct restore *restore, struct task *task, struct memory_layout *layout,
			  struct batch *program)
{
	const struct placement *placement = layout->private;

	if (!task_is_compat(task))
		TRY(vdso_emit_park(restore, layout->vdso_park, VDSO_ROOM, program));
	for (size_t i = 0; placement->moved && i < task->mapping_count; i++) {
		const struct mapping *mapping = &task->mappings[i];

		if (placement->address[i] && placement->address[i] != mapping->entry->start)
			batch_call_flags(program, "memory to its place", SYS_mremap, REMOTE_EXACT,
					 placement->address[i], mapping_size(mapping), mapping_size(mapping),
					 MREMAP_MAYMOVE | MREMAP_FIXED, mapping->entry->start);
	}
	for (size_t i = 0; i < task->mapping_count; i++)
		if (placement->late[i])
			emit_late(restore, &task->mappings[i], program);
	io_uring_emit(restore, placement, &(struct page_range){ (uint64_t)layout->hole, (uint64_t)layout->hole + layout->room }, program);
	vdso_emit_place(restore, task, layout->vdso_park, program);
	return NULL;
}
