// SPDX-License-Identifier: GPL-2.0
#include "support/number_map.h"

enum { FIRST_CAPACITY = 64 };

/* The slot of the key, or the free one where it belongs. */
static struct number_slot *slot_of(const struct number_map *map, uint64_t key)
{
	size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20);

	for (;; at++) {
		struct number_slot *slot = &map->slots[at & (map->capacity - 1)];

		if (!slot->used || slot->key == key)
			return slot;
	}
}

static void grow(struct arena *arena, struct number_map *map)
{
	struct number_map larger = { .capacity = map->capacity ? map->capacity * 2 : FIRST_CAPACITY,
				     .count = map->count };

	larger.slots = arena_array(arena, struct number_slot, larger.capacity);
	for (size_t i = 0; i < map->capacity; i++)
		if (map->slots[i].used)
			*slot_of(&larger, map->slots[i].key) = map->slots[i];
	*map = larger;
}

bool number_map_find(const struct number_map *map, uint64_t key, size_t *value)
{
	const struct number_slot *slot = map->capacity ? slot_of(map, key) : NULL;

	if (!slot || !slot->used)
		return false;
	*value = slot->value;
	return true;
}

void number_map_add(struct arena *arena, struct number_map *map, uint64_t key, size_t value)
{
	if (map->count * 2 >= map->capacity)
		grow(arena, map);
	*slot_of(map, key) = (struct number_slot){ key, value, true };
	map->count++;
}

void number_map_set(struct number_map *map, uint64_t key, size_t value)
{
	slot_of(map, key)->value = value;
}
