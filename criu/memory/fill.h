// SPDX-License-Identifier: GPL-2.0
/*
 * Filling: pages from a pages image into the memory of the newborn that runs this. Much of it is
 * done by several processes at once that share the memory for that time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"
#include "support/error.h"

struct restore;
struct checksums_blocks;

/* A stretch of memory and where its bytes are in the file. */
struct fill_piece {
	uint64_t address, bytes, offset;
	size_t area; /* 1 + index of the fill's area it lies in; or 0 */
};

/* A fresh mapping: nothing is there yet, and the kernel may bring its pages by userfaultfd. */
struct fill_area {
	uint64_t start, end, bytes;
	size_t pieces;
};

struct fill {
	struct arena *arena;
	struct fill_piece *pieces;
	size_t count, capacity;
	uint64_t bytes;
	struct fill_area *areas;
	size_t area_count, area_capacity;
};

/* Names a whole mapping of anonymous private memory as fresh; pieces in it are added with the result. */
size_t fill_area(struct fill *fill, uint64_t start, uint64_t end);
/* Adds a piece; those that follow each other in memory and file become one. area: or 0. */
void fill_add(struct fill *fill, uint64_t address, uint64_t bytes, uint64_t offset, size_t area);
/* Reads all pieces from the file. All must be writable private memory. Looks at the file's blocks on the way; NULL: does not. */
struct error *fill_run(struct restore *restore, const struct fill *fill, int fd, const struct checksums_blocks *blocks) must_check;
