// SPDX-License-Identifier: GPL-2.0
/*
 * The undo stack: effects on the system outside our memory, in the order they were made.
 * Only main uses it (never a newborn). undo_all() runs the entries in reverse order.
 */
#pragma once

#include <stddef.h>

struct undo_entry {
	const char *what; /* static text, for the log */
	void (*function)(void *argument);
	void *argument;
};

enum { UNDO_AT_HAND = 32 };

struct undo {
	struct undo_entry at_hand[UNDO_AT_HAND]; /* the first: these need no memory */
	struct undo_entry *entries;		 /* those behind them */
	size_t count, capacity;
};

/* Records an effect; call it before or right after the effect. The first UNDO_AT_HAND always have room; when there is
 * none for a later one, everything is undone and the program aborts (what cannot be recorded must not stay). */
void undo_push(struct undo *undo, const char *what, void (*function)(void *), void *argument);
/* Forgets the newest entry with this function and argument, without running it. */
void undo_forget(struct undo *undo, void (*function)(void *), void *argument);
/* Runs and forgets the newest entry with this function and argument. */
void undo_now(struct undo *undo, void (*function)(void *), void *argument);
/* Runs every entry, newest first, and empties the stack. */
void undo_all(struct undo *undo);
/* Empties the stack without running anything: the effects are wanted. */
void undo_drop(struct undo *undo);
