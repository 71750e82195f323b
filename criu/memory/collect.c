// SPDX-License-Identifier: GPL-2.0
/* Collecting mappings: from /proc/PID/smaps to VmaEntry, each by its kind. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "files/files.h"
#include "memory/collection.h"
#include "memory/memory.h"
#include "memory/register.h"
#include "memory/vma.h"
#include "model/context.h"
#include "model/verdict.h"
#include "support/options.h"

static const struct mapping_kind *const kinds[] = {
#define MAPPING_KIND(name) &name##_mapping_kind,
#include "memory/kinds.h"
#undef MAPPING_KIND
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static uint64_t advice_of(uint32_t flags)
{
	static const struct {
		uint32_t flag;
		unsigned advice;
	} map[] = {
		{ MAPPING_RANDOM, ADVICE_RANDOM },     { MAPPING_SEQUENTIAL, ADVICE_SEQUENTIAL },
		{ MAPPING_DONTFORK, ADVICE_DONTFORK }, { MAPPING_MERGEABLE, ADVICE_MERGEABLE },
		{ MAPPING_HUGEPAGE, ADVICE_HUGEPAGE }, { MAPPING_NOHUGEPAGE, ADVICE_NOHUGEPAGE },
		{ MAPPING_DONTDUMP, ADVICE_DONTDUMP }, { MAPPING_WIPEONFORK, ADVICE_WIPEONFORK },
	};
	uint64_t advice = 0;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (flags & map[i].flag)
			advice |= 1ULL << map[i].advice;
	return advice;
}

static VmaEntry *entry_of(struct dump *dump, const struct mapping_line *line)
{
	VmaEntry *entry = new_message(dump->arena, vma_entry);
	uint64_t advice = advice_of(line->flags);

	entry->start = line->start;
	entry->end = line->end;
	entry->pgoff = line->offset;
	entry->prot = line->prot;
	entry->flags =
	    (line->shared ? MAP_SHARED : MAP_PRIVATE) | (line->flags & MAPPING_GROWSDOWN ? MAP_GROWSDOWN : 0) |
	    (line->flags & MAPPING_LOCKED ? MAP_LOCKED : 0) | (line->flags & MAPPING_NORESERVE ? MAP_NORESERVE : 0);
	if (line->flags & MAPPING_HUGETLB)
		entry->flags |= vma_huge_flags(line->page_kib);
	entry->fd = -1;
	if (advice)
		SET(entry, madv, advice);
	if (line->flags & MAPPING_LOCKED_ON_FAULT)
		SET(entry, locked_on_fault, 1);
	if ((line->flags & MAPPING_ACCOUNTED) && !line->shared && !(line->prot & PROT_WRITE))
		SET(entry, accounted, 1);
	return entry;
}

/* Guard pages are noted behind all mappings. */
static VmaEntry *guard_entry(struct dump *dump, const struct page_range *range)
{
	VmaEntry *entry = new_message(dump->arena, vma_entry);

	entry->start = range->start;
	entry->end = range->end;
	entry->status = VMA_GUARD;
	return entry;
}

static struct error *refuse(const struct mapping *mapping)
{
	return with_hint(fail("the mapping at 0x%llx (%s) cannot be saved: %s",
			      (unsigned long long)mapping->entry->start,
			      *mapping->line->path ? mapping->line->path : "anonymous", mapping->kind->unsupported),
			 "%s", mapping->kind->hint);
}

static struct error *collect_mapping(struct dump *dump, struct mapping *mapping)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (!kinds[i]->recognise(mapping->line))
			continue;
		mapping->kind = kinds[i];
		if (kinds[i]->unsupported)
			return refuse(mapping);
		return with_context(kinds[i]->dump(dump, mapping), "the mapping at 0x%llx (%s)",
				    (unsigned long long)mapping->entry->start, mapping->line->path);
	}
	return fail("the mapping at 0x%llx (%s) is of an unknown kind", (unsigned long long)mapping->entry->start,
		    mapping->line->path);
}

/* Where probes are allowed, their mapping is left out: the kernel makes it anew when one is hit. */
static bool may_skip(const struct dump *dump, const struct mapping_line *line)
{
	return dump->criu->options->allow_uprobes && !strcmp(line->path, "[uprobes]");
}

/* vvar may come in two neighbouring parts; the image has one record. */
static bool continues_vvar(const struct task *task, const struct mapping *mapping)
{
	const struct mapping *before = task->mapping_count ? &task->mappings[task->mapping_count - 1] : NULL;

	return before && (before->entry->status & VMA_VVAR) && (mapping->entry->status & VMA_VVAR) &&
	       before->entry->end == mapping->entry->start;
}

struct error *memory_collect(struct dump *dump, struct task *task)
{
	const struct task_scan *scan = &dump->memory->scans[task->index];
	const struct mapping_line *lines = scan->lines;
	size_t count = scan->line_count, mark;

	task->mappings = arena_array(dump->arena, struct mapping, count);
	task->mm->vmas = arena_array(dump->arena, VmaEntry *, count + scan->guards.count);
	for (size_t i = 0; i < count; i++) {
		struct mapping *mapping = &task->mappings[task->mapping_count];

		*mapping = (struct mapping){ .task = task,
					     .index = task->mapping_count,
					     .line = &lines[i],
					     .entry = entry_of(dump, &lines[i]) };
		if (may_skip(dump, &lines[i]))
			continue;
		mark = verdict_mark(dump);
		TRY(verdict(dump, mark, collect_mapping(dump, mapping), NULL));
		if (verdict_mark(dump) != mark)
			continue;
		if (continues_vvar(task, mapping)) {
			mapping[-1].entry->end = mapping->entry->end;
			continue;
		}
		task->mm->vmas[task->mm->n_vmas++] = mapping->entry;
		task->mapping_count++;
	}
	for (size_t i = 0; i < scan->guards.count; i++)
		task->mm->vmas[task->mm->n_vmas++] = guard_entry(dump, &scan->guards.items[i]);
	return NULL;
}

struct error *register_mapped_file(struct dump *dump, struct mapping *mapping)
{
	struct memory_collection *memory = dump->memory;
	const struct mapping_line *line = mapping->line;
	uint32_t access = mapping->entry->fdflags, id;
	char link[64];

	for (size_t i = memory->file_count; i-- > 0;) {
		const struct mapped_file *file = &memory->files[i];

		if (file->inode == line->inode && file->major == line->major && file->minor == line->minor &&
		    file->access == access && !strcmp(file->path, line->path)) {
			mapping->entry->shmid = file->id;
			return NULL;
		}
	}
	snprintf(link, sizeof(link), "map_files/%llx-%llx", (unsigned long long)line->start,
		 (unsigned long long)line->end);
	TRY(files_register_link(dump, mapping->task, link, access, &id));
	mapping->entry->shmid = id;
	*arena_append(dump->arena, memory->files, memory->file_count, memory->file_capacity) = (struct mapped_file){
		.major = line->major,
		.minor = line->minor,
		.access = access,
		.inode = line->inode,
		.id = id,
		.path = line->path,
	};
	return NULL;
}
