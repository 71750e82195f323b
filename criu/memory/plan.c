// SPDX-License-Identifier: GPL-2.0
/* Planning memory: page maps are read and checked against the mappings; nothing is touched. */
#include "memory/plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/arch.h"
#include "model/context.h"
#include "image/checksums.h"
#include "image/record.h"
#include "memory/memory.h"
#include "memory/vma.h"
#include "model/keep.h"
#include "model/handover.h"
#include "support/cleanup.h"

static const struct mapping_kind *const kinds[] = {
#define MAPPING_KIND(name) &name##_mapping_kind,
#include "memory/kinds.h"
#undef MAPPING_KIND
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

uint32_t *mapping_file_key(struct restore *restore, const struct mapping *mapping)
{
	return &restore->memory->tasks[mapping->task->index].keys[mapping->index];
}

int mapping_file(struct restore *restore, const struct mapping *mapping)
{
	const struct task_memory *memory = &restore->memory->tasks[mapping->task->index];

	if (!memory->handover)
		return memory->early_fd;
	return handover_find(memory->handover, HANDED_MAPPING, memory->keys[mapping->index]);
}

int first_protection(struct restore *restore, const struct mapping *mapping)
{
	bool filled = restore->memory->tasks[mapping->task->index].filled[mapping->index];

	return filled || mapping->entry->accounted ? PROT_READ | PROT_WRITE : (int)mapping->entry->prot;
}

/* ---- page maps ---- */

static struct error *check_entry(const PagemapEntry *entry, uint64_t pages, uint64_t end)
{
	uint32_t flags = entry->has_flags ? entry->flags : (uint32_t)PAGE_RUN_PRESENT;

	if (entry->vaddr % PAGE_BYTES || entry->vaddr < end || entry->vaddr >= 1ULL << 47 || !pages || pages > (1ULL << 47) / PAGE_BYTES ||
	    entry->vaddr + pages * PAGE_BYTES > 1ULL << 47)
		return fail("the image is damaged: page map entry at 0x%llx", (unsigned long long)entry->vaddr);
	if ((flags & PAGE_RUN_PARENT) || (entry->has_in_parent && entry->in_parent))
		return with_hint(fail("cannot restore from incremental images"), "Dump without --prev-images-dir.");
	if (!(flags & PAGE_RUN_PRESENT))
		return with_hint(fail("cannot restore from images of a lazy dump"), "Dump without --lazy-pages.");
	return NULL;
}

struct error *read_page_runs(struct restore *restore, int image, uint64_t key, struct page_runs *ret)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	uint64_t offset = 0, end = 0;
	ProtobufCMessage *message;
	size_t capacity = 0;
	struct stat stat;

	*ret = (struct page_runs){ .fd = -1 };
	TRY(image_open(restore->criu->images, image, key, &reader));
	if (reader->missing)
		return fail("the page map %s is missing", reader->name);
	TRY(image_read(reader, &pagemap_head__descriptor, restore->arena, &message));
	if (!message)
		return fail("the image is damaged: %s is empty", reader->name);
	ret->pages_id = ((PagemapHead *)message)->pages_id;
	TRY(image_open_raw(restore->criu->images, IMAGE_PAGES, ret->pages_id, O_RDONLY, &ret->fd));
	for (;;) {
		const PagemapEntry *entry;
		uint64_t pages;

		TRY(image_read(reader, &pagemap_entry__descriptor, restore->arena, &message));
		if (!message)
			break;
		entry = (const PagemapEntry *)message;
		pages = entry->has_nr_pages ? entry->nr_pages : entry->compat_nr_pages;
		TRY(with_context(check_entry(entry, pages, end), "%s", reader->name));
		*arena_append(restore->arena, ret->items, ret->count, capacity) =
		    (struct page_run){ .start = entry->vaddr, .pages = pages, .offset = offset };
		offset += pages * PAGE_BYTES;
		end = entry->vaddr + pages * PAGE_BYTES;
	}
	if (offset && (ret->fd < 0 || fstat(ret->fd, &stat) || (uint64_t)stat.st_size < offset))
		return fail("the pages image of %s is missing or too short", reader->name);
	return NULL;
}

struct error *pages_open(struct restore *restore, struct task_memory *memory)
{
	return image_open_raw(restore->criu->images, IMAGE_PAGES, memory->pages_id, O_RDONLY, &memory->pages_fd);
}

void pages_close(struct task_memory *memory)
{
	if (memory->pages_fd >= 0)
		close(memory->pages_fd);
	memory->pages_fd = -1;
}

/* Every run must lie in mappings that have pages of their own. */
static struct error *check_runs(const struct task *task, const struct task_memory *memory)
{
	size_t at = 0;

	for (size_t i = 0; i < memory->run_count; i++) {
		uint64_t address = memory->runs[i].start, end = address + memory->runs[i].pages * PAGE_BYTES;

		while (address < end) {
			while (at < task->mapping_count && task->mappings[at].entry->end <= address)
				at++;
			if (at == task->mapping_count || task->mappings[at].entry->start > address ||
			    !vma_has_pages(task->mappings[at].entry->status))
				return fail(
				    "the image is damaged: process %d has a page at 0x%llx outside of its mappings",
				    task->pid, (unsigned long long)address);
			memory->filled[at] = true;
			address = task->mappings[at].entry->end;
		}
	}
	return NULL;
}

/* ---- mappings ---- */

static struct error *check_vma(const VmaEntry *entry, uint64_t end)
{
	if (entry->status & VMA_VSYSCALL)
		return NULL;
	if (entry->start % PAGE_BYTES || entry->end % PAGE_BYTES || entry->start >= entry->end || entry->start < end ||
	    entry->end > arch_task_size() + PAGE_BYTES)
		return fail("the image is damaged: mapping 0x%llx-0x%llx", (unsigned long long)entry->start,
			    (unsigned long long)entry->end);
	return NULL;
}

static struct error *plan_mapping(struct restore *restore, struct mapping *mapping)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (!kinds[i]->claims || !kinds[i]->claims(mapping->entry))
			continue;
		mapping->kind = kinds[i];
		return kinds[i]->plan ? kinds[i]->plan(restore, mapping) : NULL;
	}
	return with_hint(fail("cannot restore the mapping at 0x%llx: status 0x%x is not supported",
			      (unsigned long long)mapping->entry->start, mapping->entry->status),
			 "The image was made by a tool or version that can save more kinds of memory.");
}

/* Guard pages stand behind the mappings, whose number is *count, and lie inside of them. */
static struct error *plan_guards(struct restore *restore, const struct task *task, struct task_memory *memory,
				 size_t *count)
{
	size_t at = 0;

	*count = task->mm->n_vmas;
	while (*count && task->mm->vmas[*count - 1]->status == VMA_GUARD)
		--*count;
	memory->guards = arena_array(restore->arena, struct page_range, task->mm->n_vmas - *count);
	for (size_t i = *count; i < task->mm->n_vmas; i++) {
		struct page_range guard = { task->mm->vmas[i]->start, task->mm->vmas[i]->end };

		if (guard.start % PAGE_BYTES || guard.end % PAGE_BYTES || guard.start >= guard.end)
			return fail("the image is damaged: guard pages at 0x%llx", (unsigned long long)guard.start);
		while (at < *count && task->mm->vmas[at]->end <= guard.start)
			at++;
		/* They may run over the border of two mappings. */
		for (size_t in = at; guard.start < guard.end; in++) {
			if (in == *count || task->mm->vmas[in]->start > guard.start)
				return fail("the image is damaged: guard pages at 0x%llx outside of all mappings",
					    (unsigned long long)guard.start);
			guard.start = task->mm->vmas[in]->end;
		}
		memory->guards[memory->guard_count++] =
		    (struct page_range){ task->mm->vmas[i]->start, task->mm->vmas[i]->end };
	}
	return NULL;
}

static struct error *plan_pages(struct restore *restore, struct task *task, struct task_memory *memory)
{
	char name[IMAGE_NAME_MAX];
	struct page_runs pages;
	struct error *error = read_page_runs(restore, IMAGE_PAGEMAP, task->pid, &pages);

	memory->runs = pages.items;
	memory->run_count = pages.count;
	memory->pages_fd = pages.fd;
	memory->pages_id = pages.pages_id;
	if (error)
		return error;
	image_name(IMAGE_PAGES, pages.pages_id, name);
	memory->blocks = checksums_leave(restore->criu->images, name);
	return check_runs(task, memory);
}

static struct error *plan_task(struct restore *restore, struct task *task)
{
	struct task_memory *memory = &restore->memory->tasks[task->index];
	uint64_t end = 0;
	size_t count;

	task->mappings = arena_array(restore->arena, struct mapping, task->mm->n_vmas);
	memory->keys = arena_array(restore->arena, uint32_t, task->mm->n_vmas);
	memory->filled = arena_array(restore->arena, bool, task->mm->n_vmas);
	TRY(plan_guards(restore, task, memory, &count));
	for (size_t i = 0; i < count; i++) {
		struct mapping *mapping = &task->mappings[i];

		*mapping = (struct mapping){ .task = task, .entry = task->mm->vmas[i], .index = i };
		task->mapping_count = i + 1;
		TRY(check_vma(mapping->entry, end));
		if (!(mapping->entry->status & VMA_VSYSCALL))
			end = mapping->entry->end;
		TRY(plan_mapping(restore, mapping));
	}
	TRY(plan_pages(restore, task, memory));
	TRY(vdso_plan(restore, task));
	pages_close(memory);
	return NULL;
}

static bool system_prefers_huge_pages(void)
{
	cleanup_close int fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC);
	char text[64] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strstr(text, "[always]");
}

struct error *memory_plan(struct restore *restore)
{
	struct snapshot *snapshot = restore->snapshot;

	restore->memory = arena_new(restore->arena, struct memory_plan);
	restore->memory->tasks = arena_array(restore->arena, struct task_memory, snapshot->task_count);
	for (size_t i = 0; i < snapshot->task_count; i++)
		if (snapshot->tasks[i]->state != TASK_DEAD && !task_shares_memory(snapshot->tasks[i]))
			TRY(with_context(plan_task(restore, snapshot->tasks[i]), "cannot restore process %d",
					 snapshot->tasks[i]->pid));
	restore->memory->huge_always = system_prefers_huge_pages();
	return shared_objects_make(restore);
}
