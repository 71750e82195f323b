// SPDX-License-Identifier: GPL-2.0
/* A kind of mapping: one row of functions, listed in kinds.h. */
#pragma once

#include "kernel/proc/maps.h"
#include "model/run.h"
#include "remote/batch.h"
#include "support/error.h"

struct mapping_kind {
	const char *name;
	const char *unsupported, *hint; /* set instead of the functions when it cannot be saved */
	/* main, tree frozen: is this line of /proc/PID/smaps one of mine? First match in the list wins. */
	bool (*recognise)(const struct mapping_line *line);
	/* main, tree frozen: fill mapping->entry (start, end, prot, flags, pgoff, madv are filled). */
	struct error *(*dump)(struct dump *, struct mapping *);
	/* restore: does this entry belong to me? */
	bool (*claims)(const VmaEntry *entry);
	/* main, before any fork, no side effects. */
	struct error *(*plan)(struct restore *, struct mapping *);
	/* newborn: make the mapping at the given address (its own or a temporary one). */
	struct error *(*map)(struct restore *, struct mapping *, void *address);
	/* newborn: append calls that finish it after everything is in place. */
	struct error *(*emit)(struct restore *, struct mapping *, struct batch *program);
};

#define MAPPING_KIND(name) extern const struct mapping_kind name##_mapping_kind;
#include "memory/kinds.h"
#undef MAPPING_KIND
