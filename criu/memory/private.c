// SPDX-License-Identifier: GPL-2.0
/* private: anonymous memory of one task: heap, stacks, and whatever mmap gave. */
#include <string.h>
#include <sys/mman.h>

#include "memory/kind.h"
#include "memory/plan.h"
#include "memory/vma.h"

static bool recognise(const struct mapping_line *line)
{
	return !line->inode && !line->shared;
}

static struct error *dump(struct dump *dump, struct mapping *mapping)
{
	mapping->entry->status = VMA_REGULAR | VMA_ANON_PRIVATE;
	mapping->entry->pgoff = 0;
	mapping->entry->flags |= MAP_ANONYMOUS;
	if (!strcmp(mapping->line->path, "[heap]"))
		mapping->entry->status |= VMA_HEAP;
	return NULL;
}

static bool claims(const VmaEntry *entry)
{
	return (entry->status & VMA_ANON_PRIVATE) && (entry->status & VMA_REGULAR);
}

static struct error *plan(struct restore *restore, struct mapping *mapping)
{
	if (mapping->entry->status & VMA_SHADOW_STACK)
		return fail("cannot restore a shadow stack at 0x%llx", (unsigned long long)mapping->entry->start);
	return NULL;
}

static struct error *map(struct restore *restore, struct mapping *mapping, void *address)
{
	const VmaEntry *entry = mapping->entry;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE |
		    (entry->flags & (MAP_GROWSDOWN | MAP_NORESERVE | MAP_HUGETLB | (uint32_t)MAP_HUGE_MASK << MAP_HUGE_SHIFT));
	void *place = mmap(address, entry->end - entry->start, first_protection(restore, mapping), flags, -1, 0);

	if (place == MAP_FAILED)
		return fail_errno("could not map anonymous memory at 0x%llx", (unsigned long long)entry->start);
	return NULL;
}

const struct mapping_kind anonymous_private_mapping_kind = {
	.name = "anonymous_private",
	.recognise = recognise,
	.dump = dump,
	.claims = claims,
	.plan = plan,
	.map = map,
};
