// SPDX-License-Identifier: GPL-2.0
/* A newborn's notes: where each mapping of its task is now. For memory/; newborns. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "memory/kind.h"
#include "memory/plan.h"

struct placement {
	const struct task *task;
	uint64_t *address; /* by mapping; 0: not made yet, or not here (vdso and kin) */
	bool *adopted;	   /* by mapping: has an ancestor's pages */
	bool *complete;	   /* by mapping: its pages are right */
	bool *late;	   /* by mapping: made and filled by the program, when criu is gone */
	size_t moved;	   /* how many are not at their final address */
};

static inline uint64_t mapping_size(const struct mapping *mapping)
{
	return mapping->entry->end - mapping->entry->start;
}

/* Makes a mapping at an address. */
struct error *place_mapping(struct restore *restore, struct mapping *mapping, uint64_t address) must_check;
/* Fills all mappings that are there and not complete yet. */
struct error *place_pages(struct restore *restore, struct placement *placement) must_check;

/* Reserves size bytes where neither the newborn nor the task has anything. */
struct error *reserve_hole(const struct restore *restore, const struct task *task, uint64_t size, void **hole) must_check;

/* ---- inherit.c ---- */

/* What this newborn has of its ancestors' memory becomes its own, where it matches, or goes. */
struct error *adopt_memory(struct restore *restore, struct placement *placement) must_check;
/* Brings the pages of an adopted mapping to what the images say: equal ones stay shared. */
struct error *compare_pages(struct restore *restore, struct placement *placement, size_t mapping) must_check;
/* Would a child have it too? */
bool is_inheritable(struct restore *restore, const struct mapping *mapping);
