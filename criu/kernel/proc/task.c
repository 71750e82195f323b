// SPDX-License-Identifier: GPL-2.0
#include "kernel/proc/task.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/proc/stat.h"
#include "support/cleanup.h"
#include "support/file.h"

enum { IO_WORKER = 0x10 /* PF_IO_WORKER */ };

struct error *proc_threads_read(pid_t pid, struct arena *arena, pid_t **tids, size_t *count)
{
	cleanup_closedir DIR *directory = NULL;
	size_t capacity = 0;
	struct dirent *entry;
	char path[64];

	*tids = NULL;
	*count = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	directory = opendir(path);
	if (!directory)
		return fail_errno("could not open %s", path);
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			*arena_append(arena, *tids, *count, capacity) = atoi(entry->d_name);
	return NULL;
}

/* The name is read first, since that costs least; a program may give it to a thread of its own. */
bool proc_is_io_worker(pid_t pid, pid_t tid)
{
	struct arena scratch = { 0 };
	struct proc_stat stat = { 0 };
	cleanup_close int fd = -1;
	char path[64], name[4] = "";

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, name, sizeof(name)) != sizeof(name) || memcmp(name, "iou-", sizeof(name)))
		return false;
	error_free(proc_thread_stat_read(pid, tid, &scratch, &stat));
	arena_free(&scratch);
	return stat.flags & IO_WORKER;
}

struct error *proc_children_read(pid_t pid, pid_t tid, struct arena *arena, pid_t **pids, size_t *count)
{
	cleanup_free char *text = NULL;
	size_t capacity = 0;
	char path[64], *place, *end;

	*pids = NULL;
	*count = 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, tid);
	TRY(read_file_at(AT_FDCWD, path, &text, NULL));
	for (place = text;; place = end) {
		long child = strtol(place, &end, 10);

		if (end == place)
			return NULL;
		*arena_append(arena, *pids, *count, capacity) = child;
	}
}
