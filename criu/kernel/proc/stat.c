// SPDX-License-Identifier: GPL-2.0
#include "kernel/proc/stat.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cleanup.h"
#include "support/file.h"

enum { FIELDS = 52, FIRST_AFTER_NAME = 3 };

struct error *proc_stat_parse(char *text, struct arena *arena, struct proc_stat *out)
{
	char *open = strchr(text, '('), *close = strrchr(text, ')'), *place;
	uint64_t fields[FIELDS + 1] = { 0 };

	if (!open || !close || close < open || close[1] != ' ' || !close[2])
		return fail("unexpected text in /proc/PID/stat");
	*close = '\0';
	snprintf(out->comm, sizeof(out->comm), "%s", open + 1);
	out->state = close[2];
	place = close + 3;
	for (int field = FIRST_AFTER_NAME + 1; field <= FIELDS; field++) {
		char *end;

		fields[field] = (uint64_t)strtoll(place, &end, 10);
		if ((int64_t)fields[field] == INT64_MAX)
			fields[field] = strtoull(place, &end, 10);
		if (end == place)
			return fail("unexpected text in /proc/PID/stat: field %d is missing", field);
		place = end;
	}
	out->ppid = fields[4], out->pgrp = fields[5], out->session = fields[6];
	out->terminal = fields[7], out->terminal_group = fields[8];
	out->flags = fields[9];
	out->start_time = fields[22];
	out->start_code = fields[26], out->end_code = fields[27], out->start_stack = fields[28];
	out->start_data = fields[45], out->end_data = fields[46], out->start_brk = fields[47];
	out->arg_start = fields[48], out->arg_end = fields[49];
	out->env_start = fields[50], out->env_end = fields[51];
	out->exit_signal = fields[38], out->exit_code = fields[52];
	return NULL;
}

struct error *proc_thread_stat_read(pid_t pid, pid_t tid, struct arena *arena, struct proc_stat *out)
{
	cleanup_free char *text = NULL;
	char path[64];

	/* The exit code and the times of the whole process are in the leader's own file. */
	if (pid == tid)
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	else
		snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	TRY(read_file_at(AT_FDCWD, path, &text, NULL));
	return proc_stat_parse(text, arena, out);
}
