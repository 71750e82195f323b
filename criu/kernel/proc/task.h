// SPDX-License-Identifier: GPL-2.0
/* Threads and children of a process: /proc/PID/task and /proc/PID/task/TID/children. Any process. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "support/arena.h"
#include "support/error.h"

struct error *proc_threads_read(pid_t pid, struct arena *arena, pid_t **tids, size_t *count) must_check;
/* Is this one of the kernel's own threads in a process that uses io_uring? They have no user mode, and must not be stopped:
 * what one of them waits for would end with EINTR. */
bool proc_is_io_worker(pid_t pid, pid_t tid);
/* Children that this thread forked. */
struct error *proc_children_read(pid_t pid, pid_t tid, struct arena *arena, pid_t **pids, size_t *count) must_check;
