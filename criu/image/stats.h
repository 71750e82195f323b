// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics of a run: stats-dump and stats-restore in the work directory, and their text
 * for --display-stats. Main, at the end of a run. Times are in microseconds.
 */
#pragma once

#include <stdio.h>

#include "image/record.h"
#include "images/messages.h"

/* Zero counters, all marked as present: readers know no other form. */
void stats_init_dump(DumpStatsEntry *stats);
void stats_init_restore(RestoreStatsEntry *stats);

struct error *stats_write_dump(struct image_directory *directory, DumpStatsEntry *stats) must_check;
struct error *stats_write_restore(struct image_directory *directory, RestoreStatsEntry *stats) must_check;

void stats_print_dump(FILE *stream, const DumpStatsEntry *stats);
void stats_print_restore(FILE *stream, const RestoreStatsEntry *stats);
