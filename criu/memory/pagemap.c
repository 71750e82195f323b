// SPDX-License-Identifier: GPL-2.0
#include "memory/pagemap.h"

#include <linux/ioctl.h>
#include <linux/types.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memory/vma.h"

/* linux/fs.h of Linux 6.7; older headers lack it. */
struct scan_region {
	__u64 start, end, categories;
};
struct scan_argument {
	__u64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
	__u64 category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_IOCTL _IOWR('f', 16, struct scan_argument)
enum { IS_FILE = 1 << 2, IS_PRESENT = 1 << 3, IS_SWAPPED = 1 << 4, IS_ZERO = 1 << 5, IS_GUARD = 1 << 8 };

enum { REGIONS = 1024, ENTRIES = 4096, NEIGHBOUR_BYTES = 64 * PAGE_BYTES };

static void add(struct arena *arena, struct page_ranges *ranges, uint64_t start, uint64_t end)
{
	if (ranges->count && ranges->items[ranges->count - 1].end == start)
		ranges->items[ranges->count - 1].end = end;
	else
		*arena_append(arena, ranges->items, ranges->count, ranges->capacity) =
		    (struct page_range){ start, end };
}

struct target {
	struct arena *arena;
	struct page_ranges *ranges, *guards;
};

/* argument: what is asked for. */
static struct error *run_scan(int fd, uint64_t start, uint64_t end, struct scan_argument argument, const struct target *target,
			      bool *supported)
{
	struct scan_region regions[REGIONS];

	argument.size = sizeof(argument);
	argument.end = end;
	argument.vec = (uintptr_t)regions;
	argument.vec_len = REGIONS;
	*supported = true;
	for (;;) {
		int count;

		argument.start = start;
		count = ioctl(fd, SCAN_IOCTL, &argument);
		if (count < 0 && (errno == ENOTTY || errno == EINVAL)) {
			*supported = false;
			return NULL;
		}
		if (count < 0)
			return fail_errno("could not scan the page map");
		for (int i = 0; i < count; i++)
			add(target->arena, regions[i].categories & IS_GUARD ? target->guards : target->ranges,
			    regions[i].start, regions[i].end);
		if (count < REGIONS)
			return NULL;
		/* The vector was full: go on behind what it told (walk_end can be stale). */
		start = regions[count - 1].end;
		if (start >= end)
			return NULL;
	}
}

/* known: the categories this kernel may be asked for. */
static struct error *scan(int fd, uint64_t start, uint64_t end, bool anonymous_only, uint64_t known,
			  const struct target *target, bool *supported)
{
	const struct scan_argument argument = {
		.category_inverted = IS_ZERO | (anonymous_only ? IS_FILE : 0),
		.category_mask = IS_ZERO | (anonymous_only ? IS_FILE : 0),
		.category_anyof_mask = IS_PRESENT | IS_SWAPPED, /* a guard page counts as swapped */
		.return_mask = known,
	};

	return run_scan(fd, start, end, argument, target, supported);
}

struct error *pagemap_guards(int pagemap_fd, uint64_t start, uint64_t end, struct arena *arena, struct page_ranges *guards)
{
	const struct scan_argument argument = { .category_mask = IS_GUARD, .return_mask = IS_GUARD };
	bool supported; /* else nobody could have told that there are guard pages */

	return run_scan(pagemap_fd, start, end, argument, &(struct target){ arena, NULL, guards }, &supported);
}

bool pagemap_has_scan(int pagemap_fd)
{
	struct scan_argument argument = { .size = sizeof(argument), .category_anyof_mask = IS_PRESENT, .return_mask = IS_PRESENT };

	return ioctl(pagemap_fd, SCAN_IOCTL, &argument) >= 0;
}

/* One 64-bit word a page: bit 63 present, 62 swapped, 61 of a file or shared, 56 nobody else's. */
static bool is_wanted(uint64_t word, bool anonymous_only)
{
	return word >> 62 && !(anonymous_only && word >> 61 & 1);
}

/* One that is among the area's pages for certain; the zero page is not, but looks like one that is shared with relatives. */
static bool is_counted(uint64_t word)
{
	return word >> 63 && !(word >> 61 & 1) && word >> 56 & 1;
}

/* A stretch of the page map that was read at once: a call for each of many small areas would take longer than the pages. */
struct page_window {
	int fd;
	uint64_t start, end; /* in addresses */
	uint64_t words[ENTRIES];
};

/* From an address of the first of these areas on, with its neighbours as far as the window reaches. */
static struct error *move_window(struct page_window *window, uint64_t start, const struct page_area *areas, size_t count)
{
	uint64_t reach = start + ENTRIES * PAGE_BYTES, end = areas[0].end;
	ssize_t length;

	for (size_t i = 1; i < count && end < reach && areas[i].start - end <= NEIGHBOUR_BYTES; i++)
		end = areas[i].end;
	if (end > reach)
		end = reach;
	length = pread(window->fd, window->words, (end - start) / PAGE_BYTES * 8, start / PAGE_BYTES * 8);
	if (length < 0)
		return fail_errno("could not read the page map");
	window->start = start;
	window->end = start + length / 8 * PAGE_BYTES;
	return NULL;
}

/* Holes are as slow as pages (1 s/TiB), so the search ends with the area's last page. The zero page cannot be told; its
 * content is found to be zero later. The areas: the one that is read, and what follows. */
static struct error *read_pagemap(struct page_window *window, const struct page_area *areas, size_t count, bool anonymous_only,
				  struct arena *arena, struct page_ranges *ranges)
{
	uint64_t left = areas[0].pages;

	for (uint64_t at = areas[0].start; at < areas[0].end && left; at += PAGE_BYTES) {
		uint64_t word;

		if (at >= window->end)
			TRY(move_window(window, at, areas, count));
		if (at >= window->end) /* the process is gone */
			return NULL;
		word = window->words[(at - window->start) / PAGE_BYTES];
		if (is_wanted(word, anonymous_only))
			add(arena, ranges, at, at + PAGE_BYTES);
		left -= is_counted(word);
	}
	return NULL;
}

struct error *pagemap_scan(int pagemap_fd, const struct page_area *areas, size_t area_count, bool anonymous_only,
			   struct arena *arena, struct page_ranges *ranges, struct page_ranges *guards)
{
	const struct target target = { arena, ranges, guards };
	uint64_t start = areas[0].start, end = areas[area_count - 1].end;
	struct page_window window = { .fd = pagemap_fd };
	bool supported;

	/* Holes cost this nothing, so all areas are one call. */
	TRY(scan(pagemap_fd, start, end, anonymous_only, IS_GUARD, &target, &supported));
	if (!supported) /* before Linux 6.15 */
		TRY(scan(pagemap_fd, start, end, anonymous_only, IS_PRESENT, &target, &supported));
	for (size_t i = 0; i < area_count && !supported; i++)
		TRY(read_pagemap(&window, &areas[i], area_count - i, anonymous_only, arena, ranges));
	return NULL;
}
