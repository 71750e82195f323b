// SPDX-License-Identifier: GPL-2.0
/* The opener's side of the handover. */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* opener: every task gets its table, directories, executable and mapped files. */
struct error *send_to_tasks(struct restore *restore) must_check;
/* opener: main gets copies of what has a finish(), then an end mark. */
struct error *send_finish_copies(struct restore *restore) must_check;
