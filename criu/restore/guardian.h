// SPDX-License-Identifier: GPL-2.0
/*
 * The guardian: a child of main in a process group of its own that sleeps until main is gone. If
 * main was killed before the tree was released, it ends every newborn and removes what was made;
 * after that it does nothing. It knows what main knew when it forked it, and by shared memory
 * (board, traces) what came since.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* main, before the first newborn. Its dismissal is on the undo stack. */
struct error *guardian_start(struct restore *restore) must_check;
/* main, when nothing is to be guarded any more. argument: struct restore. */
void guardian_dismiss(void *argument);

/* main or guardian: tells everybody that the restore has failed, ends every process that was born
 * and waits until none of them runs. Who is born meanwhile sees the board and ends by itself. */
void newborns_end(struct restore *restore);
