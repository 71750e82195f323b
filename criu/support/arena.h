// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of one run: allocated piece by piece, freed at once. Objects in an arena do
 * not own each other. A thread that finds no memory goes on where arena_rescue() said, as
 * if the whole stage had failed: what functions in between own is lost, but the undo stack knows every
 * effect outside of our memory. Any process.
 */
#pragma once

#include <setjmp.h>
#include <stddef.h>
#include <stdarg.h>

#include "support/error.h"

struct arena_block;
struct arena {
	struct arena_block *blocks;
	size_t growth; /* of an arena that will be sealed: bytes of its next block */
};

/* Where this thread goes on when an arena finds no memory: if (_setjmp(place)) ... NULL: it aborts.
 * Returns what was there before. A forked process must set its own. */
jmp_buf *arena_rescue(jmp_buf *place);

/* Zeroed memory, aligned to 16. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_copy(struct arena *arena, const void *data, size_t size);
char *arena_string(struct arena *arena, const char *text);
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Grows an array in the arena: returns a place for element count (old content copied). */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t element);
void arena_free(struct arena *arena);

/* For an arena that lives on in many forked processes. Before its first use, and when it holds what they need: from then on
 * a fork copies neither its pages nor page tables for them; who writes to a page gets a copy of it, as after any fork. */
void arena_prepare_seal(struct arena *arena);
struct error *arena_seal(struct arena *arena) must_check;

#define arena_new(arena, type) ((type *)arena_alloc(arena, sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc(arena, sizeof(type) * (count)))
/* Appends to an array described by pointer, count and capacity; yields the new element's address. */
#define arena_append(arena, array, count, capacity)                                             \
	({                                                                                      \
		(array) = arena_grow(arena, array, count, &(capacity), sizeof(*(array)));       \
		&(array)[(count)++];                                                            \
	})
