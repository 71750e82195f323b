// SPDX-License-Identifier: GPL-2.0
/* Memory objects that tasks share. For memory/; main. */
#pragma once

#include <string.h>

#include "memory/collection.h"

static inline bool is_shared_anonymous(const struct mapping_line *line)
{
	return line->shared && !strncmp(line->path, "/dev/zero (deleted)", 19);
}

/* Wants all data in [0, size) of the set's descriptor, not its holes. */
struct error *want_data(struct arena *arena, struct page_set *set, uint64_t size) must_check;
