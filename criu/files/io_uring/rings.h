// SPDX-License-Identifier: GPL-2.0
/* The io_uring instances of a restore: scm_rights of a socket cannot carry them, so main makes them. For restore/ and tasks/. */
#pragma once

#include "model/run.h"
#include "remote/batch.h"
#include "support/error.h"

/* main, before the first fork: are there any? If so, rings_make() shall run in a process that shares main's descriptors (the
 * kernel notes who has used a ring), and then rings_take() in main. */
struct error *rings_prepare(struct restore *restore, bool *wanted) must_check;
/* Those that only one thread may submit to are left to that. */
struct error *rings_make(struct restore *restore) must_check;
struct error *rings_take(struct restore *restore) must_check;
/* main: all newborns and the opener are there. */
void rings_close(struct restore *restore);
/* newborn: calls of a thread's program that register what is the process's or the thread's own: buffers, and rings in its table. */
void rings_emit(struct restore *restore, const struct thread *thread, struct batch *program);
