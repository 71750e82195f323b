// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/timers: POSIX timers of a process. proc(5). Any process. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "support/arena.h"
#include "support/error.h"

struct proc_timer {
	int id, signal, clock_id;
	int notify;	/* SIGEV_ bits */
	int notify_pid; /* thread with SIGEV_THREAD_ID, else process */
	uint64_t value; /* sigval */
};

struct error *proc_timers_parse(const char *text, struct arena *arena, struct proc_timer **timers,
				size_t *count) must_check;
/* None where the kernel has no such file. */
struct error *proc_timers_read(pid_t pid, struct arena *arena, struct proc_timer **timers, size_t *count) must_check;
