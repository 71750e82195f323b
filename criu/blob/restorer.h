// SPDX-License-Identifier: GPL-2.0
/*
 * The restorer blob: the last code of criu in a task that is being restored. Started by
 * compel_jump() in the newborn; everything but the program and the blob gets unmapped under
 * it. Freestanding. A failure goes to the board and ends the process.
 */
#pragma once

#include "compel/runner/runner.h"

struct board;

int64_t clone_thread(const uint64_t arg[6]);
int64_t barrier(const struct remote_program *program, const uint64_t arg[6]);
int64_t posix_timer(const uint64_t arg[6]);
int64_t wait_zombie(const uint64_t arg[6]);
/* Tells main what went wrong, unless somebody was earlier, and wakes it. */
void report_failure(const struct remote_program *program);
