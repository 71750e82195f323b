// SPDX-License-Identifier: GPL-2.0
/* Threads and children of a process: /proc/PID/task and /proc/PID/task/TID/children. Any process. */
#pragma once

#include <sys/types.h>

#include "support/arena.h"
#include "support/error.h"

struct error *proc_threads_read(pid_t pid, struct arena *arena, pid_t **tids, size_t *count) must_check;
/* Children that this thread forked. */
struct error *proc_children_read(pid_t pid, pid_t tid, struct arena *arena, pid_t **pids, size_t *count) must_check;
