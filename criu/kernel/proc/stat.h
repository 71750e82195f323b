// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/task/TID/stat. proc(5). Any process. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "support/arena.h"
#include "support/error.h"

struct proc_stat {
	char comm[64];
	char state;
	pid_t ppid, pgrp, session;
	uint32_t terminal;     /* device number of the controlling terminal; 0: none */
	pid_t terminal_group; /* its foreground group; -1: none */
	uint32_t flags;
	int exit_signal; /* by which the parent hears of its end */
	int exit_code; /* wait status of a zombie */
	uint64_t start_time;
	uint64_t start_code, end_code, start_data, end_data, start_stack, start_brk;
	uint64_t arg_start, arg_end, env_start, env_end;
};

/* text is changed. */
struct error *proc_stat_parse(char *text, struct arena *arena, struct proc_stat *out) must_check;
struct error *proc_thread_stat_read(pid_t pid, pid_t tid, struct arena *arena, struct proc_stat *out) must_check;
