// SPDX-License-Identifier: GPL-2.0
/* The map from numbers to places: what was added is found, nothing else is, also after it has grown. */
#include "support/number_map.h"
#include "tap.h"

enum { COUNT = 5000 };

/* Keys that have their low bits, or their high ones, in common. */
static uint64_t key_of(size_t i)
{
	return i % 2 ? (uint64_t)i << 32 : (uint64_t)i << 12 | 7;
}

int main(void)
{
	struct arena arena = { 0 };
	struct number_map map = { 0 };
	bool found = true, strangers = false;
	size_t value;

	check(!number_map_find(&map, 0, &value), "nothing is found in an empty map");
	for (size_t i = 0; i < COUNT; i++)
		number_map_add(&arena, &map, key_of(i), i);
	for (size_t i = 0; i < COUNT; i++) {
		found = found && number_map_find(&map, key_of(i), &value) && value == i;
		strangers = strangers || number_map_find(&map, key_of(i) + 1, &value);
	}
	check(found, "all %d keys have their values", COUNT);
	check(!strangers, "no other number is found");
	arena_free(&arena);
	return tap_end();
}
