// SPDX-License-Identifier: GPL-2.0
/*
 * Private anonymous memory that is more than that: hugetlb (reserved huge pages), and droppable
 * (MAP_DROPPABLE: the kernel may empty it at any time, so its contents are not saved).
 */
#include <errno.h>
#include <linux/mman.h>
#include <sys/mman.h>

#include "memory/kind.h"
#include "memory/plan.h"
#include "memory/shared.h"
#include "memory/vma.h"

static bool is_hugetlb(const struct mapping_line *line)
{
	return (line->flags & MAPPING_HUGETLB) && !line->shared && is_anonymous_huge(line);
}

static bool is_droppable(const struct mapping_line *line)
{
	return line->flags & MAPPING_DROPPABLE;
}

static struct error *dump_hugetlb(struct dump *dump, struct mapping *mapping)
{
	mapping->entry->status = VMA_REGULAR | VMA_ANON_PRIVATE;
	mapping->entry->flags |= MAP_ANONYMOUS;
	mapping->entry->pgoff = 0;
	return NULL;
}

static struct error *dump_droppable(struct dump *dump, struct mapping *mapping)
{
	mapping->entry->status = VMA_REGULAR | VMA_ANON_PRIVATE;
	mapping->entry->flags |= MAP_ANONYMOUS | VMA_DROPPABLE_FLAG;
	mapping->entry->pgoff = 0;
	return NULL;
}

static bool claims_hugetlb(const VmaEntry *entry)
{
	return (entry->status & VMA_ANON_PRIVATE) && (entry->flags & MAP_HUGETLB);
}

static bool claims_droppable(const VmaEntry *entry)
{
	return (entry->status & VMA_ANON_PRIVATE) && (entry->flags & VMA_DROPPABLE_FLAG);
}

static struct error *plan_hugetlb(struct restore *restore, struct mapping *mapping)
{
	uint64_t size = vma_page_bytes(mapping->entry->flags);

	if (mapping->entry->start % size || mapping->entry->end % size)
		return fail("the image is damaged: huge pages at 0x%llx",
			    (unsigned long long)mapping->entry->start);
	return NULL;
}

static struct error *map_hugetlb(struct restore *restore, struct mapping *mapping, void *address)
{
	const VmaEntry *entry = mapping->entry;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE |
		    (entry->flags & (MAP_NORESERVE | MAP_HUGETLB | (uint32_t)MAP_HUGE_MASK << MAP_HUGE_SHIFT));

	if (mmap(address, entry->end - entry->start, first_protection(restore, mapping), flags, -1, 0) == MAP_FAILED)
		return with_hint(fail_errno("could not map huge pages at 0x%llx", (unsigned long long)entry->start),
				 "Reserve more huge pages (vm.nr_hugepages).");
	return NULL;
}

/* Kernels before Linux 6.11 have no such memory; they never drop what they were allowed to. It is empty after
 * a fork, which the advice that is in the image brings. */
static struct error *map_droppable(struct restore *restore, struct mapping *mapping, void *address)
{
	const VmaEntry *entry = mapping->entry;
	static const int types[] = { VMA_DROPPABLE_FLAG, MAP_PRIVATE | MAP_NORESERVE };
	void *place = MAP_FAILED;

	for (int i = 0; i < 2 && place == MAP_FAILED && (!i || errno == EINVAL || errno == EOPNOTSUPP); i++)
		place = mmap(address, entry->end - entry->start, entry->prot, types[i] | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			     -1, 0);
	if (place == MAP_FAILED)
		return fail_errno("could not map droppable memory at 0x%llx", (unsigned long long)entry->start);
	return NULL;
}

const struct mapping_kind hugetlb_mapping_kind = {
	.name = "hugetlb",
	.recognise = is_hugetlb,
	.dump = dump_hugetlb,
	.claims = claims_hugetlb,
	.plan = plan_hugetlb,
	.map = map_hugetlb,
};
const struct mapping_kind droppable_mapping_kind = {
	.name = "droppable",
	.recognise = is_droppable,
	.dump = dump_droppable,
	.claims = claims_droppable,
	.map = map_droppable,
};
