// SPDX-License-Identifier: GPL-2.0
#include "support/undo.h"

#include <stdlib.h>
#include <string.h>

#include "support/log.h"

void undo_push(struct undo *undo, const char *what, void (*function)(void *), void *argument)
{
	if (undo->count == undo->capacity) {
		size_t capacity = undo->capacity ? undo->capacity * 2 : 16;
		struct undo_entry *entries = realloc(undo->entries, capacity * sizeof(*entries));

		if (!entries) {
			function(argument);
			undo_all(undo);
			abort();
		}
		undo->entries = entries;
		undo->capacity = capacity;
	}
	undo->entries[undo->count++] = (struct undo_entry){ what, function, argument };
}

static bool take_newest(struct undo *undo, void (*function)(void *), void *argument)
{
	for (size_t i = undo->count; i-- > 0;) {
		struct undo_entry *entry = &undo->entries[i];

		if (entry->function != function || entry->argument != argument)
			continue;
		memmove(entry, entry + 1, (undo->count - i - 1) * sizeof(*entry));
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
		struct undo_entry entry = undo->entries[--undo->count];

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
