// SPDX-License-Identifier: GPL-2.0
/*
 * The freezer of control groups, both generations: cgroup.freeze of the second, freezer.state of the first. A cgroup is
 * named by its directory. cgroups(7). main.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "support/arena.h"
#include "support/error.h"

/* Was it told to freeze? What an outer cgroup was told does not count. */
bool freezer_is_on(const char *cgroup);
/* Freezes or thaws it, without waiting. */
struct error *freezer_set(const char *cgroup, bool on) must_check;
/* Is everything in it at rest? */
struct error *freezer_is_settled(const char *cgroup, bool *settled) must_check;
/* The innermost cgroup around a process that was told to freeze: its directory, in the arena. NULL: none, or what there is
 * cannot be seen. */
const char *freezer_around(pid_t pid, struct arena *arena);
/* Are both names of one directory? */
bool freezer_is_same(const char *cgroup, const char *other);
