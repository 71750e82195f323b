// SPDX-License-Identifier: GPL-2.0
/* System V shared memory, as the rest of memory/ and the pipelines see it. */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* ---- dump: main ---- */

/* Tree frozen, all mappings found: one page set for each segment. Refuses segments that others use too. */
struct error *sysv_sets(struct dump *dump) must_check;
struct error *sysv_write(struct dump *dump) must_check;

/* ---- restore ---- */

/* main, before the guardian: what sysv_fill() will make is known to both. Its removal is on the undo stack. */
struct error *sysv_prepare(struct restore *restore) must_check;
/* main, before the first newborn: the segments are there, filled, and attached to main. */
struct error *sysv_fill(struct restore *restore) must_check;
/* main or guardian: removes what was made. argument: struct restore. */
void sysv_remove(void *argument);
/* main, when every task has attached its own: those that were removed already last as long as the tasks want them. */
void sysv_detach(struct restore *restore);
