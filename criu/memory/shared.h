// SPDX-License-Identifier: GPL-2.0
/* Memory objects that tasks share. For memory/; main. */
#pragma once

#include <string.h>

#include "memory/collection.h"

/* Of reserved huge pages, and of no file that anybody named. */
static inline bool is_anonymous_huge(const struct mapping_line *line)
{
	return !strncmp(line->path, "/anon_hugepage", 14);
}

static inline bool is_shared_anonymous(const struct mapping_line *line)
{
	return line->shared && (!strncmp(line->path, "/dev/zero (deleted)", 19) || is_anonymous_huge(line));
}

/* The ranges that are wanted from here on are read from task; with a descriptor it is NULL. */
void add_source(struct arena *arena, struct page_set *set, struct task *task, uint64_t bias);
/* Wants all data in [0, size) of the set's descriptor, not its holes. */
struct error *want_data(struct arena *arena, struct page_set *set, uint64_t size) must_check;
