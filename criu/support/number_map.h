// SPDX-License-Identifier: GPL-2.0
/* A map from numbers (inodes, ids) to places in a list, in an arena's memory. Any process; no locks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"

struct number_map {
	struct number_slot {
		uint64_t key;
		size_t value;
		bool used;
	} *slots;
	size_t capacity, count; /* capacity: 0 or a power of two */
};

/* The value of a key; false: it has none. */
bool number_map_find(const struct number_map *map, uint64_t key, size_t *value);
/* Another value for a key that has one. */
void number_map_set(struct number_map *map, uint64_t key, size_t value);
/* The key has no value yet. */
void number_map_add(struct arena *arena, struct number_map *map, uint64_t key, size_t value);
