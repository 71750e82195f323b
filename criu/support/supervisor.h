// SPDX-License-Identifier: GPL-2.0
/*
 * The supervisor: the process that the user started does nothing but wait for a worker, which
 * does the run. So a SIGKILL for the criu that everybody sees, or for its process group, kills no
 * tracer: the worker hears of it (PR_SET_PDEATHSIG, prctl(2)) and takes back what it did, as after
 * any other error. The kernel would let the threads of a dead tracer run on wherever they are.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "support/error.h"

/* What a worker gets when its supervisor ends. */
enum { SUPERVISOR_ENDED = SIGTERM };

/* main, before it has opened or begun anything: forks. Returns in the worker only, which is in a process
 * group of its own; the supervisor holds no descriptor but the standard ones, passes signals on, and exits
 * with the status of the worker. name: of the worker, for ps(1). */
struct error *supervisor_start(const char *name) must_check;
/* 0 in a process without one. */
pid_t supervisor_pid(void);
bool supervisor_has_ended(void);
/* The process group that the user's shell gave to this run. */
pid_t supervisor_group(void);
