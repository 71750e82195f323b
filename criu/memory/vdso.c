// SPDX-License-Identifier: GPL-2.0
/*
 * vdso: code that the kernel maps into every process, and its data (vvar). A newborn has
 * both; they are moved to the task's place as a whole (mremap). The task's own code remembers
 * addresses inside the vdso: where the image's is not the running kernel's, both are there afterwards.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "arch/arch.h"
#include "image/checksums.h"
#include "memory/place.h"
#include "memory/plan.h"
#include "memory/vdso_image.h"
#include "memory/vma.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"

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

/* Bytes of a task's private memory; pages that are not stored are zero. */
static struct error *read_bytes(const struct task_memory *memory, uint64_t address, void *buffer, size_t size)
{
	memset(buffer, 0, size);
	for (size_t i = 0; i < memory->run_count; i++) {
		const struct page_run *run = &memory->runs[i];
		uint64_t start = run->start > address ? run->start : address;
		uint64_t end = run->start + run->pages * PAGE_BYTES;

		end = end < address + size ? end : address + size;
		if (start < end)
			TRY(pread_exactly(memory->pages_fd, (char *)buffer + (start - address), end - start,
					  run->offset + start - run->start));
	}
	return NULL;
}

bool task_is_compat(const struct task *task)
{
	return task->thread_count && arch_core_is_compat(task->threads[0].core);
}

struct error *vdso_compare(const struct task_memory *memory, const struct vdso_place *image, const char *bytes,
			   bool *same)
{
	uint64_t size = image->end - image->vdso;
	cleanup_free char *stored = malloc(size);

	if (!stored)
		return out_of_memory();
	while (size > 0 && !bytes[size - 1]) /* nobody uses that; a dump has code there for a moment (compel/way_back.c) */
		size--;
	TRY(read_bytes(memory, image->vdso, stored, size));
	*same = !memcmp(stored, bytes, size);
	return NULL;
}

/* ---- the vdso of another kernel ---- */

/*
 * It stays where it is, as ordinary memory, for the program has addresses inside of it: of functions,
 * and perhaps of the middle of one that was interrupted. The data before it becomes zero, which to its
 * code means that there is no clock to read, so that what was interrupted ends with the real system call.
 * Functions begin with jumps to those of this kernel's vdso, which gets a place of its own. Those that
 * this kernel does not have make the system call themselves.
 *
 * A mark in its header tells later restores, which see ordinary memory in the images, where such
 * vdsos are: on their own kernel they take the place back, under a third one the jumps are made anew.
 */
static const uint8_t mark[] = { 'c', 'r', 'i', 'u', 'v', 'd', 's' };
enum { MARK_OFFSET = EI_PAD, VDSO_SIZE_MAX = 64 * 1024 };

/* A vdso that some functions of the task lie in and that is not this kernel's. */
struct foreign_vdso {
	struct mapping *mapping;
	struct vdso_image image;
};

struct foreigners {
	struct restore *restore;
	struct task *task;
	struct task_memory *memory;
	struct foreign_vdso *all;
	size_t count, capacity;
	struct vdso_image own;
};

static struct error *read_foreign(struct foreigners *foreigners, struct mapping *mapping)
{
	struct arena *arena = foreigners->restore->arena;
	uint64_t size = mapping->entry->end - mapping->entry->start;
	struct foreign_vdso foreign = { .mapping = mapping };
	void *data;

	if (size > VDSO_SIZE_MAX)
		return fail("this is no vdso: it has %llu bytes", (unsigned long long)size);
	data = arena_alloc(arena, size);
	TRY(read_bytes(foreigners->memory, mapping->entry->start, data, size));
	TRY(vdso_image_parse(arena, data, size, &foreign.image));
	*arena_append(arena, foreigners->all, foreigners->count, foreigners->capacity) = foreign;
	return NULL;
}

static struct error *is_marked(const struct foreigners *foreigners, const struct mapping *mapping, bool *marked)
{
	const VmaEntry *entry = mapping->entry;
	uint8_t header[EI_NIDENT];

	*marked = false;
	if (!(entry->prot & PROT_EXEC) || (entry->status & VMA_VDSO) || !(entry->status & VMA_ANON_PRIVATE) ||
	    entry->end - entry->start > VDSO_SIZE_MAX || !foreigners->memory->filled[mapping->index])
		return NULL;
	TRY(read_bytes(foreigners->memory, entry->start, header, sizeof(header)));
	*marked = !memcmp(header, ELFMAG, SELFMAG) && !memcmp(header + MARK_OFFSET, mark, sizeof(mark));
	return NULL;
}

/* Those of earlier restores; what only looks like one stays what it is. */
static struct error *find_marked(struct foreigners *foreigners)
{
	for (size_t i = 0; i < foreigners->task->mapping_count; i++) {
		bool marked;

		TRY(is_marked(foreigners, &foreigners->task->mappings[i], &marked));
		if (marked)
			error_ignore(read_foreign(foreigners, &foreigners->task->mappings[i]), "a marked vdso");
	}
	return NULL;
}

static void become_memory(struct mapping *mapping)
{
	mapping->kind = &anonymous_private_mapping_kind;
}

static uint64_t whole_size(const struct vdso_place *own)
{
	return own->end - own->parts[0].start;
}

/* This kernel's vdso was here before the task came to another one: it takes the place of what was left there. */
static uint64_t take_back(struct foreigners *foreigners, const struct vdso_place *own)
{
	uint64_t data_size = own->vdso - own->parts[0].start;

	for (size_t i = 0; i < foreigners->count; i++) {
		struct mapping *mapping = foreigners->all[i].mapping, *data = mapping - 1;

		if (!vdso_image_same_build(&foreigners->all[i].image, &foreigners->own))
			continue;
		if (data_size && (!mapping->index || data->entry->end != mapping->entry->start ||
				  data->entry->start != mapping->entry->start - data_size ||
				  !(data->entry->status & VMA_ANON_PRIVATE) ||
				  foreigners->memory->filled[data->index]))
			continue;
		mapping->kind = &vdso_mapping_kind;
		if (data_size)
			data->kind = &vvar_mapping_kind;
		foreigners->all[i] = foreigners->all[--foreigners->count];
		return mapping->entry->start - data_size;
	}
	return 0;
}

/* The first free range behind an address, where the kernel puts no mapping by itself if the address is above
 * the stack; else the first one of all. A stack that may grow keeps the room below it. */
static uint64_t free_range(const struct task *task, uint64_t from, uint64_t size)
{
	enum { LOWEST = 0x10000000, STACK_ROOM = 64 << 20 };
	uint64_t at = from, end;

	for (size_t i = 0; i < task->mapping_count; i++) {
		const VmaEntry *entry = task->mappings[i].entry;
		uint64_t gap = entry->flags & MAP_GROWSDOWN ? STACK_ROOM : 0;

		if (entry->end <= at)
			continue;
		if (entry->start >= at + size + gap)
			break;
		at = entry->end;
	}
	end = at + size;
	if (end <= arch_task_size())
		return at;
	return from > LOWEST ? free_range(task, LOWEST, size) : 0;
}

static struct vdso_patch *add_patch(struct foreigners *foreigners, uint64_t address)
{
	struct task_memory *memory = foreigners->memory;
	struct vdso_patch *patch = arena_append(foreigners->restore->arena, memory->vdso_patches,
						memory->vdso_patch_count, memory->vdso_patch_capacity);

	patch->address = address;
	return patch;
}

static struct error *read_word(void *context, uint64_t address, uint64_t *word)
{
	return read_bytes(context, address, word, sizeof(*word));
}

/* Threads that are in the middle of a piece of code begin the function again; must: they cannot stay there. */
static struct error *rewind_threads(const struct foreigners *foreigners, uint64_t start, uint64_t size,
				    const uint8_t *code, bool must)
{
	struct arch_word_reader reader = { .read = read_word, .context = foreigners->memory };

	for (size_t i = 0; i < foreigners->task->thread_count; i++) {
		struct thread *thread = &foreigners->task->threads[i];
		uint64_t executed = arch_program_counter(thread->core) - start;
		bool possible;

		if (!executed || executed >= size)
			continue;
		TRY(arch_vdso_rewind(code, executed, thread->core, &reader, &possible));
		if (!possible && must)
			return with_hint(fail("thread %d was stopped at the start of a function of another kernel's vdso",
					      thread->tid),
					 "Restore under the kernel that the dump was made with, and dump again.");
	}
	return NULL;
}

/* Where jumps already are, the code before them is not known any more: nobody is in it. */
static struct error *redirect(struct foreigners *foreigners, const struct foreign_vdso *foreign, uint64_t own_address)
{
	uint64_t start = foreign->mapping->entry->start;
	struct vdso_patch *patch;

	for (size_t i = 0; i < foreign->image.function_count; i++) {
		const struct vdso_function *function = &foreign->image.functions[i];
		const struct vdso_function *target = vdso_image_find(&foreigners->own, function->name);
		const uint8_t *code = foreign->image.data + function->offset;

		patch = add_patch(foreigners, start + function->offset);
		patch->size = target ? arch_vdso_jump(patch->code, own_address + target->offset)
				     : arch_vdso_fallback(patch->code, function->name);
		if (patch->size > function->size)
			return fail("the function %s of another kernel's vdso is too short to be redirected",
				    function->name);
		TRY(rewind_threads(foreigners, patch->address, patch->size, code, true));
		if (!strcmp(function->name, "__vdso_time")) /* does not look whether there is a clock */
			TRY(rewind_threads(foreigners, patch->address, function->size, code, false));
	}
	patch = add_patch(foreigners, start + MARK_OFFSET);
	patch->size = sizeof(mark);
	memcpy(patch->code, mark, sizeof(mark));
	return NULL;
}

static struct mapping *mapping_of_vdso(const struct task *task, const struct vdso_place *image)
{
	for (size_t i = 0; i < task->mapping_count; i++)
		if (task->mappings[i].entry->start == image->vdso)
			return &task->mappings[i];
	return NULL;
}

static struct error *replace(struct foreigners *foreigners, const struct vdso_place *own)
{
	struct task *task = foreigners->task;
	uint64_t home;

	for (size_t i = 0; i < task->mapping_count; i++)
		if (task->mappings[i].entry->status & (VMA_VDSO | VMA_VVAR))
			become_memory(&task->mappings[i]);
	TRY(find_marked(foreigners));
	home = take_back(foreigners, own);
	if (!home)
		home = free_range(task, place_of_task(task).end, whole_size(own));
	if (!home)
		return fail("there is no place for this kernel's vdso");
	foreigners->memory->vdso_home = home;
	for (size_t i = 0; i < foreigners->count; i++)
		TRY(redirect(foreigners, &foreigners->all[i], home + own->vdso - own->parts[0].start));
	log_info("process %d: the vdso of another kernel is redirected to this one's", task->pid);
	return NULL;
}

/* ---- planning ---- */

static bool same_sizes(const struct vdso_place *image, const struct vdso_place *own)
{
	return own->vdso && own->end - own->vdso == image->end - image->vdso &&
	       own->vdso - own->parts[0].start == (image->vvar ? image->vdso - image->vvar : 0);
}

/* The bytes differ: is it another build, or the same for another processor? */
static struct error *plan_other(struct foreigners *foreigners, const struct vdso_place *image,
				const struct vdso_place *own)
{
	struct restore *restore = foreigners->restore;
	struct error *error, *damage;

	if (!own->vdso)
		return with_hint(fail("this kernel gives programs no vdso, and process %d had one",
				      foreigners->task->pid),
				 "Boot without vdso=0.");
	TRY(vdso_image_parse(restore->arena, (void *)own->vdso, own->end - own->vdso, &foreigners->own));
	error = read_foreign(foreigners, mapping_of_vdso(foreigners->task, image));
	if (error) {
		damage = checksums_check_pages(restore->criu->images); /* that may be the reason */
		error_free(damage ? error : NULL);
		return damage ?: error;
	}
	if (!same_sizes(image, own) || !vdso_image_same_build(&foreigners->all[0].image, &foreigners->own))
		return replace(foreigners, own);
	foreigners->memory->vdso_home = image->vvar ?: image->vdso;
	return NULL;
}

struct error *vdso_plan(struct restore *restore, struct task *task)
{
	struct vdso_place image = place_of_task(task);
	struct task_memory *memory = &restore->memory->tasks[task->index];
	struct foreigners foreigners = { .restore = restore, .task = task, .memory = memory };
	bool same = false;

	if (!restore->memory->own_vdso)
		TRY(find_own(restore));
	if (!image.vdso)
		return NULL;
	if (task_is_compat(task))
		return compat_vdso_plan(restore, task, &image);
	if (same_sizes(&image, restore->memory->own_vdso))
		TRY(vdso_compare(memory, &image, (const char *)restore->memory->own_vdso->vdso, &same));
	if (!same)
		return plan_other(&foreigners, &image, restore->memory->own_vdso);
	memory->vdso_home = image.vvar ?: image.vdso;
	return NULL;
}

/* ---- the newborn's part ---- */

bool vdso_overlaps(const struct restore *restore, const struct task *task, uint64_t start, uint64_t end)
{
	uint64_t home = restore->memory->tasks[task->index].vdso_home;

	return home && start < home + whole_size(restore->memory->own_vdso) && end > home;
}

void vdso_patch(const struct restore *restore, const struct task *task, const struct placement *placement)
{
	const struct task_memory *memory = &restore->memory->tasks[task->index];

	for (size_t i = 0; i < memory->vdso_patch_count; i++) {
		const struct vdso_patch *patch = &memory->vdso_patches[i];
		const VmaEntry *entry;
		size_t at = 0;

		while (task->mappings[at].entry->end <= patch->address)
			at++;
		entry = task->mappings[at].entry;
		memcpy((void *)(placement->address[at] + patch->address - entry->start), patch->code, patch->size);
	}
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
	uint64_t home = restore->memory->tasks[task->index].vdso_home;
	struct vdso_place place = place_of_task(task);

	if (task_is_compat(task))
		compat_vdso_emit(restore, &place, program);
	else if (home) /* else the task has unmapped it */
		emit_moves(restore->memory->own_vdso, park, home, "vdso to its place", program);
}
