// SPDX-License-Identifier: GPL-2.0
/*
 * shared_anonymous: memory that processes share without a file. The object is named by its inode;
 * its contents are saved once. On the way back main makes the object before the first fork and
 * every newborn maps it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "images/catalogue.h"
#include "memory/kind.h"
#include "memory/memory.h"
#include "memory/plan.h"
#include "memory/shared.h"
#include "memory/vma.h"
#include "model/keep.h"
#include "support/cleanup.h"
#include "support/file.h"

#define HUGE_HINT "Reserve more huge pages (vm.nr_hugepages)."

enum { HUGE_FLAGS = MAP_HUGETLB | (int)((uint32_t)MAP_HUGE_MASK << MAP_HUGE_SHIFT) };

static bool recognise(const struct mapping_line *line)
{
	return is_shared_anonymous(line);
}

static bool recognise_huge(const struct mapping_line *line)
{
	return is_shared_anonymous(line) && is_anonymous_huge(line);
}

static struct error *dump(struct dump *dump, struct mapping *mapping)
{
	VmaEntry *entry = mapping->entry;

	entry->status = VMA_REGULAR | VMA_ANON_SHARED;
	entry->flags |= MAP_ANONYMOUS;
	entry->shmid = memory_object_key(mapping->line->inode, is_anonymous_huge(mapping->line));
	return NULL; /* its contents: shared_sets.c */
}

static bool claims(const VmaEntry *entry)
{
	return (entry->status & VMA_ANON_SHARED) && !(entry->status & VMA_SYSVIPC);
}

static bool claims_huge(const VmaEntry *entry)
{
	return claims(entry) && (entry->flags & MAP_HUGETLB);
}

static struct shared_object *find(struct restore *restore, uint64_t id)
{
	struct memory_plan *plan = restore->memory;

	for (size_t i = 0; i < plan->object_count; i++)
		if (plan->objects[i].id == id)
			return &plan->objects[i];
	return NULL;
}

/* Sizes are known when all mappings were seen: objects are made by shared_objects_make(). */
static struct error *plan(struct restore *restore, struct mapping *mapping)
{
	struct memory_plan *plan = restore->memory;
	const VmaEntry *entry = mapping->entry;
	struct shared_object *object = find(restore, entry->shmid);
	uint64_t end = entry->pgoff + (entry->end - entry->start);
	uint32_t huge = entry->flags & MAP_HUGETLB ? entry->flags & HUGE_FLAGS : 0;

	if (!object) {
		object = arena_append(restore->arena, plan->objects, plan->object_count, plan->object_capacity);
		*object = (struct shared_object){ .id = entry->shmid, .huge = huge, .fd = -1 };
	}
	if (object->huge != huge || (entry->start | entry->end | entry->pgoff) % vma_page_bytes(entry->flags))
		return fail("the image is damaged: shared memory at 0x%llx", (unsigned long long)entry->start);
	if (end > object->size)
		object->size = end;
	return NULL;
}

struct error *memory_fill_pages(struct restore *restore, uint64_t key, char *memory, uint64_t size)
{
	struct page_runs pages;
	struct error *error = read_page_runs(restore, IMAGE_PAGEMAP_SHMEM, key, &pages);

	for (size_t i = 0; !error && i < pages.count; i++) {
		const struct page_run *run = &pages.items[i];

		if (run->start + run->pages * PAGE_BYTES > size)
			error = fail("the image is damaged: shared memory %llu has pages behind its end", (unsigned long long)key);
		else
			error = pread_exactly(pages.fd, memory + run->start, run->pages * PAGE_BYTES, run->offset);
	}
	if (pages.fd >= 0)
		close(pages.fd);
	return error;
}

struct error *memory_fill_file(struct restore *restore, uint64_t key, int fd, uint64_t size)
{
	const uint64_t rounded = (size + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
	char *memory = mmap(NULL, rounded, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	struct error *error;

	if (memory == MAP_FAILED)
		return fail_errno("could not map a memory file of %llu bytes", (unsigned long long)size);
	error = memory_fill_pages(restore, key, memory, rounded);
	munmap(memory, rounded);
	return error;
}

/* A descriptor of anonymous shared memory is to be had through the mapping's own link. */
static struct error *make(struct restore *restore, struct shared_object *object)
{
	char link[80];
	char *memory = mmap(NULL, object->size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | (int)object->huge, -1, 0);
	struct error *error;

	if (memory == MAP_FAILED)
		return fail_errno("could not make %llu bytes of shared memory", (unsigned long long)object->size);
	error = memory_fill_pages(restore, object->id, memory, object->size);
	if (object->huge)
		error = with_hint(error, HUGE_HINT);
	snprintf(link, sizeof(link), "/proc/self/map_files/%llx-%llx", (unsigned long long)memory,
		 (unsigned long long)memory + object->size);
	if (!error) {
		object->fd = open(link, O_RDWR | O_CLOEXEC);
		if (object->fd < 0)
			error = fail_errno("could not open shared memory");
	}
	munmap(memory, object->size);
	return error ?: keep_descriptor(restore, &object->fd);
}

struct error *shared_objects_make(struct restore *restore)
{
	for (size_t i = 0; i < restore->memory->object_count; i++)
		TRY(make(restore, &restore->memory->objects[i]));
	return NULL;
}

static struct error *map(struct restore *restore, struct mapping *mapping, void *address)
{
	const VmaEntry *entry = mapping->entry;

	if (mmap(address, entry->end - entry->start, entry->prot,
		 MAP_SHARED | MAP_FIXED_NOREPLACE | (entry->flags & MAP_NORESERVE), find(restore, entry->shmid)->fd,
		 entry->pgoff) == MAP_FAILED)
		return fail_errno("could not map shared memory at 0x%llx", (unsigned long long)entry->start);
	return NULL;
}

static struct error *map_huge(struct restore *restore, struct mapping *mapping, void *address)
{
	return with_hint(map(restore, mapping, address), HUGE_HINT);
}

/* Of reserved huge pages. */
const struct mapping_kind hugetlb_shared_mapping_kind = {
	.name = "hugetlb_shared",
	.recognise = recognise_huge,
	.dump = dump,
	.claims = claims_huge,
	.plan = plan,
	.map = map_huge,
};

const struct mapping_kind anonymous_shared_mapping_kind = {
	.name = "anonymous_shared",
	.recognise = recognise,
	.dump = dump,
	.claims = claims,
	.plan = plan,
	.map = map,
};
