// SPDX-License-Identifier: GPL-2.0
/*
 * A line on the terminal that tells how far long work is: shown from half a second on, and gone
 * at the end. Never where standard error is no terminal, or one that this process should not
 * write to, and never with verbosity 0. Main begins and ends; any thread of main may add.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;
	uint64_t total, done;	   /* pages; done is atomic */
	uint64_t start_ms, next_ms; /* next_ms is atomic: whoever moves it writes the line */
	bool wanted, shown;
};

/* what: static text, as in "saved". */
void progress_begin(struct progress *progress, const char *what, int verbosity);
/* More work was found. Main only, while nobody adds. */
void progress_expect(struct progress *progress, uint64_t pages);
void progress_add(struct progress *progress, uint64_t pages);
/* For a count that others keep. */
void progress_set(struct progress *progress, uint64_t pages);
/* Wipes the line. May be called when nothing was begun. */
void progress_end(struct progress *progress);
