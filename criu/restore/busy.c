// SPDX-License-Identifier: GPL-2.0
#include "restore/busy.h"

#include <dirent.h>
#include <stdlib.h>

#include "kernel/proc/stat.h"
#include "support/arena.h"
#include "support/cleanup.h"

static bool read_stat(pid_t pid, struct proc_stat *stat)
{
	struct arena scratch = { 0 };
	struct error *error = proc_thread_stat_read(pid, pid, &scratch, stat);

	arena_free(&scratch);
	error_free(error);
	return !error;
}

/* A member of a group or session of that number; live ones are preferred to zombies. */
static pid_t find_member(pid_t number, struct proc_stat *found)
{
	cleanup_closedir DIR *directory = opendir("/proc");
	struct dirent *entry;
	pid_t member = 0;

	while (directory && (entry = readdir(directory))) {
		pid_t pid = atoi(entry->d_name);
		struct proc_stat stat;

		if (pid <= 0 || !read_stat(pid, &stat) || (stat.pgrp != number && stat.session != number))
			continue;
		member = pid;
		*found = stat;
		if (stat.state != 'Z')
			return pid;
	}
	return member;
}

/* Whoever must reap a zombie is as much to blame. */
static struct error *describe(pid_t number, const char *how, pid_t pid, const struct proc_stat *stat)
{
	bool zombie = stat->state == 'Z';
	struct proc_stat parent;
	const char *name = read_stat(stat->ppid, &parent) ? parent.comm : "?";

	return with_hint(fail_number(EEXIST, "cannot restore process %d: its number is %s process %d (%s%s, child of %d (%s))", number, how,
				     pid, stat->comm, zombie ? ", a zombie that is not reaped" : "", stat->ppid, name),
			 "%s, or restore inside a new pid namespace (unshare --pid --fork --mount-proc criu restore ...).",
			 zombie ? "Its parent must reap it: end the parent" : "End that process");
}

struct error *busy_number(pid_t number, bool *passing)
{
	struct proc_stat stat;
	struct error *error;
	pid_t member;

	if (read_stat(number, &stat)) {
		error = describe(number, "that of", number, &stat);
	} else {
		member = find_member(number, &stat);
		if (!member) { /* gone since, or a thread */
			*passing = true;
			return fail_number(EEXIST, "cannot restore process %d: its number is taken by a thread",
					   number);
		}
		error = describe(number, "the group or session of", member, &stat);
	}
	*passing = stat.state == 'Z';
	return error;
}
