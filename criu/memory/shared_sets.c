// SPDX-License-Identifier: GPL-2.0
/*
 * Shared anonymous memory: one page set for each object, over all mappings of all tasks. The
 * object is a file of the kernel's own tmpfs; where its link in map_files may be opened, the
 * contents are read from it, holes left out. Else they are read through the mappings, each
 * offset through the first mapping that shows it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/memory.h"
#include "memory/shared.h"
#include "memory/stage.h"
#include "memory/vma.h"
#include "support/cleanup.h"

/* One mapping of an object. */
struct view {
	uint64_t object, start, end; /* offsets */
	uint64_t address;
	struct task *task;
};

static int compare_views(const void *a, const void *b)
{
	const struct view *one = a, *other = b;

	if (one->object != other->object)
		return one->object < other->object ? -1 : 1;
	return one->start < other->start ? -1 : one->start > other->start;
}

static int open_object(const struct view *view)
{
	char link[64];

	snprintf(link, sizeof(link), "map_files/%llx-%llx", (unsigned long long)view->address,
		 (unsigned long long)(view->address + view->end - view->start));
	return openat(view->task->proc_fd, link, O_RDONLY | O_CLOEXEC);
}

static void want(struct arena *arena, struct page_set *set, uint64_t start, uint64_t end)
{
	*arena_append(arena, set->wanted.items, set->wanted.count, set->wanted.capacity) =
	    (struct page_range){ start, end };
}

void add_source(struct arena *arena, struct page_set *set, struct task *task, uint64_t bias)
{
	*arena_append(arena, set->sources, set->source_count, set->source_capacity) =
	    (struct range_source){ .task = task, .bias = bias, .first = set->wanted.count };
}

struct error *want_data(struct arena *arena, struct page_set *set, uint64_t size)
{
	off_t at = 0, hole;
	struct stat stat;

	/* Huge pages have no holes for lseek(). */
	if (!fstat(set->source_fd, &stat) && !stat.st_blocks)
		return NULL;
	while ((uint64_t)at < size) {
		at = lseek(set->source_fd, at, SEEK_DATA);
		if (at < 0 && errno == ENXIO)
			return NULL;
		hole = at < 0 ? at : lseek(set->source_fd, at, SEEK_HOLE);
		if (hole < 0)
			return fail_errno("could not find the data of a memory object");
		if ((uint64_t)at >= size)
			return NULL;
		at &= ~(off_t)(PAGE_BYTES - 1);
		hole = (hole + PAGE_BYTES - 1) & ~(off_t)(PAGE_BYTES - 1);
		want(arena, set, at, (uint64_t)hole < size ? (uint64_t)hole : size);
		at = hole;
	}
	return NULL;
}

/* views: all of one object, by offset. */
static struct error *object_set(struct dump *dump, const struct view *views, size_t count)
{
	struct page_set *set = new_page_set(dump, NULL, views[0].object, true);
	uint64_t end = 0;

	set->source_fd = open_object(&views[0]);
	for (size_t i = 0; i < count; i++)
		if (views[i].end > end)
			end = views[i].end;
	if (set->source_fd >= 0) {
		add_source(dump->arena, set, views[0].task, 0);
		return want_data(dump->arena, set, end);
	}
	end = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t start = views[i].start > end ? views[i].start : end;

		if (start >= views[i].end)
			continue;
		add_source(dump->arena, set, views[i].task, views[i].address - views[i].start);
		want(dump->arena, set, start, views[i].end);
		end = views[i].end;
	}
	return NULL;
}

struct error *shared_sets(struct dump *dump)
{
	struct memory_collection *memory = dump->memory;
	struct arena scratch = { 0 };
	struct view *views = NULL;
	size_t count = 0, capacity = 0, first = 0;
	struct error *error = NULL;

	for (size_t i = 0; i < memory->scan_count; i++)
		for (size_t j = 0; j < memory->scans[i].line_count; j++) {
			const struct mapping_line *line = &memory->scans[i].lines[j];

			if (is_shared_anonymous(line))
				*arena_append(&scratch, views, count, capacity) =
				    (struct view){ .object = memory_object_key(line->inode, is_anonymous_huge(line)),
						   .start = line->offset,
						   .end = line->offset + line->end - line->start,
						   .address = line->start,
						   .task = dump->snapshot->tasks[i] };
		}
	if (count)
		qsort(views, count, sizeof(*views), compare_views);
	for (size_t i = 1; i <= count && !error; i++)
		if (i == count || views[i].object != views[first].object) {
			error = object_set(dump, &views[first], i - first);
			first = i;
		}
	arena_free(&scratch);
	return error;
}

struct error *memory_drain_file(struct dump *dump, uint64_t key, int fd, uint64_t size)
{
	struct page_set *set = new_page_set(dump, NULL, key, true);

	set->source_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (set->source_fd < 0)
		return fail_errno("could not keep a memory file open");
	add_source(dump->arena, set, NULL, 0);
	return want_data(dump->arena, set, (size + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1));
}
