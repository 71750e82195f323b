// SPDX-License-Identifier: GPL-2.0
/*
 * vdso: code that the kernel maps into every process, and its data (vvar). A newborn has
 * both; they are moved to the task's place as a whole (mremap). The task's own code remembers
 * addresses inside the vdso, so the image's must be the running kernel's, byte for byte.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "memory/plan.h"
#include "memory/vma.h"
#include "support/cleanup.h"
#include "support/file.h"

/* vvar directly below vdso, as the kernel lays them out. */
struct vdso_place {
	uint64_t vvar, vdso, end; /* vvar: 0 where there is none */
};

static struct vdso_place place_of_task(const struct task *task)
{
	struct vdso_place place = { 0 };

	for (size_t i = 0; i < task->mapping_count; i++) {
		const VmaEntry *entry = task->mappings[i].entry;

		if (entry->status & VMA_VVAR) {
			place.vvar = entry->start;
		} else if (entry->status & VMA_VDSO) {
			place.vdso = entry->start;
			place.end = entry->end;
		}
	}
	return place;
}

static struct error *place_of_self(struct vdso_place *place)
{
	struct arena scratch = { 0 };
	struct mapping_line *lines;
	size_t count;
	struct error *error = own_maps_read(&scratch, &lines, &count);

	*place = (struct vdso_place){ 0 };
	for (size_t i = 0; !error && i < count; i++) {
		if (!strcmp(lines[i].path, "[vvar]")) {
			place->vvar = lines[i].start;
		} else if (!strcmp(lines[i].path, "[vdso]")) {
			place->vdso = lines[i].start;
			place->end = lines[i].end;
		}
	}
	arena_free(&scratch);
	return error;
}

static struct error *other_kernel(const struct task *task)
{
	return with_hint(fail("process %d has the vdso of another kernel", task->pid),
			 "Restore under the kernel that the dump was made with.");
}

/* Compares the stored vdso with the running one. */
static struct error *compare(const struct task *task, const struct task_memory *memory, const struct vdso_place *image,
			     const struct vdso_place *own)
{
	uint64_t size = image->end - image->vdso;
	cleanup_free char *page = malloc(PAGE_BYTES);

	if (!page)
		return out_of_memory();
	for (uint64_t at = 0; at < size; at += PAGE_BYTES) {
		const struct page_run *run = NULL;

		for (size_t i = 0; i < memory->run_count && !run; i++)
			if (memory->runs[i].start <= image->vdso + at &&
			    image->vdso + at < memory->runs[i].start + memory->runs[i].pages * PAGE_BYTES)
				run = &memory->runs[i];
		if (run)
			TRY(pread_exactly(memory->pages_fd, page, PAGE_BYTES,
					  run->offset + image->vdso + at - run->start));
		else
			memset(page, 0, PAGE_BYTES); /* a page of zeroes is not stored */
		if (memcmp(page, (void *)(own->vdso + at), PAGE_BYTES))
			return other_kernel(task);
	}
	return NULL;
}

struct error *vdso_plan(struct restore *restore, const struct task *task)
{
	struct vdso_place image = place_of_task(task), own;

	if (!image.vdso)
		return NULL;
	TRY(place_of_self(&own));
	if (!own.vdso || own.end - own.vdso != image.end - image.vdso ||
	    (image.vvar && own.vdso - own.vvar != image.vdso - image.vvar))
		return other_kernel(task);
	return compare(task, &restore->memory->tasks[task->index], &image, &own);
}

struct error *vdso_emit_park(const struct task *task, uint64_t park, uint64_t room, struct batch *program)
{
	struct vdso_place own;
	uint64_t start;

	TRY(place_of_self(&own));
	if (!own.vdso)
		return NULL;
	start = own.vvar ?: own.vdso;
	if (own.end - start > room)
		return fail("no room to park the vdso");
	batch_call_flags(program, "vdso to its parking place", SYS_mremap, REMOTE_EXACT, start, own.end - start,
			 own.end - start, MREMAP_MAYMOVE | MREMAP_FIXED, park);
	return NULL;
}

void vdso_emit_place(const struct task *task, uint64_t park, struct batch *program)
{
	struct vdso_place place = place_of_task(task);
	uint64_t start = place.vvar ?: place.vdso;

	if (place.vdso)
		batch_call_flags(program, "vdso to its place", SYS_mremap, REMOTE_EXACT, park, place.end - start,
				 place.end - start, MREMAP_MAYMOVE | MREMAP_FIXED, start);
}
