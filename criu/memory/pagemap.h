// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages of a process hold data: PAGEMAP_SCAN (Linux 6.7), else /proc/PID/pagemap.
 * main, target stopped.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/proc/maps.h"
#include "support/arena.h"
#include "support/error.h"

/* Pages [start, end) in addresses. */
struct page_range {
	uint64_t start, end;
};

struct page_ranges {
	struct page_range *items;
	size_t count, capacity;
};

/* Where pages are looked for, [start, end) in addresses. */
struct page_area {
	uint64_t start, end;
	uint64_t pages; /* anonymous ones that are present in it, the zero page not counted; or PAGES_UNKNOWN */
};

/* Appends the ranges within the areas (at least one, ascending; nothing of interest is mapped
 * between them) that are present or swapped and neither the zero page nor, if anonymous_only,
 * pages of a file; guard pages (MADV_GUARD_INSTALL) apart. */
struct error *pagemap_scan(int pagemap_fd, const struct page_area *areas, size_t area_count, bool anonymous_only,
			   struct arena *arena, struct page_ranges *ranges, struct page_ranges *guards) must_check;
/* Does this kernel have PAGEMAP_SCAN? Without it holes take as long as pages: say how many there are. */
bool pagemap_has_scan(int pagemap_fd);
/* Appends the guard pages in [start, end), of a mapping of any kind. */
struct error *pagemap_guards(int pagemap_fd, uint64_t start, uint64_t end, struct arena *arena, struct page_ranges *guards) must_check;
