// SPDX-License-Identifier: GPL-2.0
#include "support/undo.h"

#include <stdbool.h>
#include <stdlib.h>

#include "support/log.h"

static struct undo_entry *entry_at(struct undo *undo, size_t i)
{
	return i < UNDO_AT_HAND ? &undo->at_hand[i] : &undo->entries[i - UNDO_AT_HAND];
}

static bool make_room(struct undo *undo)
{
	size_t capacity = undo->capacity ? undo->capacity * 2 : UNDO_AT_HAND;
	struct undo_entry *entries;

	if (undo->count - UNDO_AT_HAND < undo->capacity)
		return true;
	entries = realloc(undo->entries, capacity * sizeof(*entries));
	if (!entries)
		return false;
	undo->entries = entries;
	undo->capacity = capacity;
	return true;
}

void undo_push(struct undo *undo, const char *what, void (*function)(void *), void *argument)
{
	if (undo->count >= UNDO_AT_HAND && !make_room(undo)) {
		function(argument);
		undo_all(undo);
		abort();
	}
	*entry_at(undo, undo->count++) = (struct undo_entry){ what, function, argument };
}

static bool take_newest(struct undo *undo, void (*function)(void *), void *argument)
{
	for (size_t i = undo->count; i-- > 0;) {
		struct undo_entry *entry = entry_at(undo, i);

		if (entry->function != function || entry->argument != argument)
			continue;
		for (size_t j = i + 1; j < undo->count; j++)
			*entry_at(undo, j - 1) = *entry_at(undo, j);
		undo->count--;
		return true;
	}
	return false;
}

void undo_forget(struct undo *undo, void (*function)(void *), void *argument)
{
	(void)take_newest(undo, function, argument);
}

void undo_now(struct undo *undo, void (*function)(void *), void *argument)
{
	if (take_newest(undo, function, argument))
		function(argument);
}

void undo_all(struct undo *undo)
{
	while (undo->count) {
		struct undo_entry entry = *entry_at(undo, --undo->count);

		log_debug("undo: %s", entry.what);
		entry.function(entry.argument);
	}
	undo_drop(undo);
}

void undo_drop(struct undo *undo)
{
	free(undo->entries);
	*undo = (struct undo){ 0 };
}
