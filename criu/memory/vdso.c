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

#include "image/checksums.h"
#include "arch/arch.h"
#include "memory/plan.h"
#include "memory/vma.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "support/file.h"

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

static void note_part(struct vdso_place *place, const struct mapping_line *line)
{
	bool vdso = !strcmp(line->path, "[vdso]");

	if (!vdso && strncmp(line->path, "[vvar", 5))
		return;
	if (place->part_count < VDSO_PARTS_MAX) {
		place->parts[place->part_count].start = line->start;
		place->parts[place->part_count++].size = line->end - line->start;
	}
	if (vdso) {
		place->vdso = line->start;
		place->end = line->end;
	} else if (!place->vvar) {
		place->vvar = line->start;
	}
}

static struct error *find_own(struct restore *restore)
{
	struct vdso_place *place = arena_new(restore->arena, struct vdso_place);
	struct arena scratch = { 0 };
	struct mapping_line *lines;
	size_t count;
	struct error *error = own_maps_read(&scratch, &lines, &count);

	for (size_t i = 0; !error && i < count; i++)
		note_part(place, &lines[i]);
	arena_free(&scratch);
	restore->memory->own_vdso = place;
	return error;
}

bool task_is_compat(const struct task *task)
{
	return task->thread_count && arch_core_is_compat(task->threads[0].core);
}

struct error *vdso_of_other_kernel(const struct task *task)
{
	return with_hint(fail("process %d has the vdso of another kernel", task->pid),
			 "Restore under the kernel that the dump was made with.");
}

/* Compares the stored vdso with the running one. */
struct error *vdso_compare(const struct task *task, const struct task_memory *memory, const struct vdso_place *image,
			   const char *bytes)
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
		if (memcmp(page, bytes + at, PAGE_BYTES))
			return vdso_of_other_kernel(task);
	}
	return NULL;
}

struct error *vdso_plan(struct restore *restore, const struct task *task)
{
	struct vdso_place image = place_of_task(task);
	struct error *error, *damage;
	const struct vdso_place *own;

	if (!restore->memory->own_vdso)
		TRY(find_own(restore));
	own = restore->memory->own_vdso;
	if (!image.vdso)
		return NULL;
	if (task_is_compat(task))
		return compat_vdso_plan(restore, task, &image);
	if (!own->vdso || own->end - own->vdso != image.end - image.vdso ||
	    (image.vvar && own->vdso - own->vvar != image.vdso - image.vvar))
		return vdso_of_other_kernel(task);
	error = vdso_compare(task, &restore->memory->tasks[task->index], &image, (const char *)own->vdso);
	if (!error)
		return NULL;
	damage = checksums_check_pages(restore->criu->images); /* that may be the reason */
	error_free(damage ? error : NULL);
	return damage ?: error;
}

/* Each of the kernel's own mappings is moved by a call of its own: before Linux 6.17
 * mremap() takes one mapping at a time. */
static void emit_moves(const struct vdso_place *own, uint64_t from, uint64_t to, const char *label,
		       struct batch *program)
{
	for (size_t i = 0; i < own->part_count; i++) {
		uint64_t offset = own->parts[i].start - own->parts[0].start, size = own->parts[i].size;

		batch_call_flags(program, label, SYS_mremap, REMOTE_EXACT, from + offset, size, size,
				 MREMAP_MAYMOVE | MREMAP_FIXED, to + offset);
	}
}

struct error *vdso_emit_park(const struct restore *restore, uint64_t park, uint64_t room, struct batch *program)
{
	const struct vdso_place *own = restore->memory->own_vdso;

	if (!own->vdso)
		return NULL;
	if (own->end - own->parts[0].start > room)
		return fail("no room to park the vdso");
	emit_moves(own, own->parts[0].start, park, "vdso to its parking place", program);
	return NULL;
}

void vdso_emit_place(const struct restore *restore, const struct task *task, uint64_t park, struct batch *program)
{
	struct vdso_place place = place_of_task(task);

	if (task_is_compat(task))
		compat_vdso_emit(restore, &place, program);
	else if (place.vdso) /* else the task has unmapped it */
		emit_moves(restore->memory->own_vdso, park, place.vvar ?: place.vdso, "vdso to its place", program);
}
