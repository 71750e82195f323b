// SPDX-License-Identifier: GPL-2.0
/*
 * Verdicts: what stands in the way of a dump. A real dump ends at the first; an inspection (`criu inspect`) notes
 * it and goes on to the next descriptor, mapping or process, so that all are told at once, in the
 * words of the real dump. main.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"

struct verdicts {
	struct error **items; /* owned */
	size_t count, capacity;
	bool incomplete; /* something could not be looked at because of one of them */
};

/* Nothing but the verdicts is kept? Then neither pages nor connections are touched. */
static inline bool inspecting(const struct dump *dump)
{
	return dump->verdicts != NULL;
}

/* What is noted from here on belongs together. */
size_t verdict_mark(const struct dump *dump);
/* Around what can be gone on after: a real dump gets the error back, an inspection notes it and gets NULL
 * (but no memory, an interruption and a timeout are nobody's fault and end both). The context, if
 * there is a format, also goes before all that was noted since the mark. NULL is passed through. */
struct error *verdict(struct dump *dump, size_t mark, struct error *error, const char *format, ...) printf_like(4, 5) must_check;
void verdicts_free(struct verdicts *verdicts);
