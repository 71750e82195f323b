// SPDX-License-Identifier: GPL-2.0
/* The stages of a restore, in the order restore.c calls them. All run in main. */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* read.c: all metadata into the snapshot; every structural check; nothing is touched. */
struct error *read_images(struct restore *restore) must_check;
/* plan.c: births, memory, files; every part and kind may refuse. Nothing outside criu is touched. */
struct error *make_plan(struct restore *restore) must_check;
/* verify.c: a process that checks page data beside all that follows; and its answer, before anything of the
 * tree runs. */
struct error *verify_start(struct restore *restore) must_check;
struct error *verify_finish(struct restore *restore) must_check;
/* restore.c: forks the root, which forks the rest; every number, session and group exists. */
struct error *grow_tree(struct restore *restore) must_check;
/* finish.c: the tracer's part: threads from the barrier to their own registers. */
struct error *seize_tree(struct restore *restore) must_check;
struct error *catch_tree(struct restore *restore) must_check;
/* sleeps.c: calls with a relative timeout go on with the rest of it. The first half while the thread is caught and
 * criu's memory still is in the task, the second when files are complete. */
struct error *sleep_begin(struct restore *restore, struct thread *thread) must_check;
struct error *sleeps_resume(struct restore *restore) must_check;
/* release.c: the tree runs (or stays stopped). */
struct error *release_restored(struct restore *restore) must_check;
struct error *write_pidfile(struct restore *restore) must_check;
/* Takes the place of criu: waits for the root, or executes a command; sets the exit status. */
struct error *after_restore(struct restore *restore, int *exit_status) must_check;
/* The undo entry of grow_tree: ends every process that was born. argument: struct restore. */
void kill_tree_of(void *argument);

/* Threads of all live tasks. */
size_t live_threads(const struct restore *restore);
