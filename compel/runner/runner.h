// SPDX-License-Identifier: GPL-2.0
/*
 * The runner: executes a struct remote_program, call by call. Freestanding and position
 * independent; it runs inside another process, with every signal blocked, on a stack of its
 * own, when nothing else may be mapped any more.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "remote_call.h"

/* Runs the calls in order. Returns true when all went as expected; else program->failed
 * says which did not. arguments are resolved in place nowhere: the program stays as it is. */
bool run_program(struct remote_program *program);

/* Each blob brings its own: executes an operation from REMOTE_SPECIAL on; arg is resolved. */
int64_t run_special(struct remote_program *program, unsigned operation, const uint64_t arg[6]);
/* The special operations that every blob has; -ENOSYS for others. */
int64_t run_common_special(unsigned operation, const uint64_t arg[6]);

/* Where a blob begins (from entry.S), and a thread started by REMOTE_CLONE_THREAD. Returns only in an agent that
 * nobody stops any more; its answer is for the way back (compel/runner/way_back.S). */
uint64_t blob_main(struct remote_program *program);

enum {
	RUNNER_EINTR = 4,
	RUNNER_ENODATA = 61,
	RUNNER_ENOSYS = 38,
	RUNNER_EAGAIN = 11,
	RUNNER_EINVAL = 22,
};
