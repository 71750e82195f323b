// SPDX-License-Identifier: GPL-2.0
/*
 * What the restore pipeline asks of terminals. A session's members get its terminal by fork only, so
 * terminals are made before the first process is born, and a session leader takes its terminal
 * before it forks; all others are opened by the opener like any file.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"

#define ORPHAN_KEY "orphan-pts-master" /* of --inherit-fd: who is sent masters that nobody in the tree has */

/* main, at the end of files_plan(). */
struct error *terminals_plan(struct restore *restore) must_check;
/* main, before the first fork: every pseudo terminal, its settings, its unread input. */
struct error *terminals_make(struct restore *restore) must_check;
/* newborn, a session leader, before it forks members of its session. */
struct error *terminals_take(struct restore *restore, const struct task *task) must_check;
/* newborn, all groups exist: foreground group; leaves the terminal if the task had none. */
struct error *terminals_adopt(struct restore *restore, const struct task *task) must_check;
/* main, all tasks have theirs: hands orphan masters over, closes main's copies. */
struct error *terminals_hand_over(struct restore *restore) must_check;
/* main, last moment before the tree runs: settings and foreground group of the caller's terminal. */
struct error *terminals_finish(struct restore *restore) must_check;
/* main, the tree runs: programs on a terminal of another size than before are told so, as if it had been changed. */
void terminals_tell_size(struct restore *restore);
