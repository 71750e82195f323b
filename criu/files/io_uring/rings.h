// SPDX-License-Identifier: GPL-2.0
/* The io_uring instances of a restore: scm_rights of a socket cannot carry them, so main makes them. For restore/. */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* main, before the first fork: all that are wanted, in a process of their own, for the kernel notes who has used them.
 * Those that only one thread may submit to are left to that. */
struct error *rings_make(struct restore *restore) must_check;
/* main: all newborns and the opener are there. */
void rings_close(struct restore *restore);
