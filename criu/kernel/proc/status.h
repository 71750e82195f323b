// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/task/TID/status. proc(5). Any process. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "support/arena.h"
#include "support/error.h"

struct proc_status {
	uint32_t uid[4], gid[4]; /* real, effective, saved, file system */
	uint32_t *groups;
	size_t group_count;
	uint64_t cap_inh, cap_prm, cap_eff, cap_bnd, cap_amb;
	uint64_t signals_ignored, signals_caught; /* bit signo - 1 */
	bool no_new_privs;
	int seccomp; /* mode */
	unsigned threads, umask;
	unsigned descriptor_slots; /* FDSize: every open descriptor is below it */
	pid_t tracer;
	uint64_t switches; /* how often it left a processor */
};

struct error *proc_status_parse(const char *text, struct arena *arena, struct proc_status *out) must_check;
struct error *proc_thread_status_read(pid_t pid, pid_t tid, struct arena *arena, struct proc_status *out) must_check;
