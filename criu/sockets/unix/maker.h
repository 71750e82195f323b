// SPDX-License-Identifier: GPL-2.0
/*
 * Unix sockets that newborns make, so that SO_PEERCRED tells of them; see maker.c.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* Is the number needed for a process that made a socket? */
bool unix_needs_pid(const struct restore *restore, pid_t pid);
/* Has the process a mailbox, over which the opener asks it for sockets? All that live have; zombies, and helpers that
 * stand in for somebody who is gone, if they made some. */
bool unix_serves(const struct restore *restore, const struct task *task);
/* newborn: makes what the opener asks for, until the first descriptor (or the end) is handed over. */
struct error *unix_makers_serve(struct restore *restore, int mailbox) must_check;
