// SPDX-License-Identifier: GPL-2.0
/*
 * The opener: one short-lived process inside the tree's namespaces that makes every open
 * file description exactly once, in passes (ghosts, create, connect, fill), and hands them
 * to the tasks and, for kinds with finish(), to main. opener_run() is the body of that
 * process; main forks it when every task exists.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"

struct error *opener_run(struct restore *restore) must_check;
/* main, after the opener has been forked: collects the copies for finish(). */
struct error *opener_collect_finish_copies(struct restore *restore) must_check;
