// SPDX-License-Identifier: GPL-2.0
/* Where pages wait when the tree shall go on before they are written. For memory/. */
#pragma once

#include "memory/collection.h"

/* main, before the freeze: memory for about what the tree has, touched already; none when the
 * tree stays frozen anyway, or when the machine has little to spare. */
void stage_prepare(struct dump *dump);
/* Any thread: a piece of it, or NULL. */
char *stage_take(struct memory_collection *memory, size_t size);
void stage_release(struct memory_collection *memory);

/* ---- shared_sets.c ---- */

/* main, tasks scanned: a set for each anonymous memory object that tasks share. */
struct error *shared_sets(struct dump *dump) must_check;
