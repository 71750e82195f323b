// SPDX-License-Identifier: GPL-2.0
/*
 * Kinship: who forks whom and when, decided before the first fork. Sessions are inherited
 * by fork only, so a child of an older session is forked before its parent's setsid, and
 * a session or group whose leader is gone gets a helper process with the leader's number.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"

struct kin {
	struct task **before; /* forked before setsid */
	size_t before_count, before_capacity;
	struct task **after; /* forked after it */
	size_t after_count, after_capacity;
	bool new_session;  /* calls setsid */
	bool own_group;	   /* makes a group of its own number first */
	bool moves_last;   /* leads a group for others, then joins another one */
	pid_t group;	   /* group to be in at the end */
	bool subreaper;	   /* adopts children of helpers while the tree grows */
	bool leaves_early; /* helper: ends once its children are born, its parent takes the end */
	bool leaves_later; /* helper: ends once all groups are joined; if it made sockets, once these are made again */
	bool made_last;	   /* shares its parent's memory: made by the parent's program */
};

struct kinship {
	struct kin *kin; /* by task->index, helpers included */
	size_t count;
	bool any_moves_last;
};

/* main, before any fork: makes restore->kinship; adds helper tasks to the snapshot. No other side effects. */
struct error *kinship_plan(struct restore *restore) must_check;

static inline struct kin *kin_of(const struct restore *restore, const struct task *task)
{
	return &restore->kinship->kin[task->index];
}
