// SPDX-License-Identifier: GPL-2.0
/*
 * A newborn: a fork of main with the right number, parent, session and group, still running
 * criu's code. It has the whole plan in memory, reports to the board, and nobody depends on
 * it for cleanup.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* Forks the newborn of a task as a child of the calling process (main for the root,
 * newborns for the rest; forker: which of them calls, NULL for main). sibling: as a child of the caller's
 * parent. The new process never returns. Until its program is nearly done it dies with its parent (PR_SET_PDEATHSIG,
 * prctl(2)), unless that is one that leaves before. */
struct error *newborn_fork(struct restore *restore, const struct task *forker, struct task *task, bool sibling) must_check;
/* main: a short-lived process with a number that nothing in the tree wants, running body(). flags: of clone(2). */
struct error *helper_fork(struct restore *restore, struct error *(*body)(struct restore *), uint64_t flags, pid_t *ret_pid) must_check;
