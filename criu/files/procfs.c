// SPDX-License-Identifier: GPL-2.0
#include "files/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>

#include "files/stand_in.h"

static const char proc[] = "/proc/";

/* What follows /proc/PID, or NULL. */
static const char *below(const char *path, pid_t *pid)
{
	char *end;

	if (strncmp(path, proc, sizeof(proc) - 1))
		return NULL;
	*pid = strtol(path + sizeof(proc) - 1, &end, 10);
	return *pid > 0 && end != path + sizeof(proc) - 1 && (*end == '/' || !*end) ? end : NULL;
}

bool procfs_is_path(const char *path, pid_t *pid)
{
	return below(path, pid) != NULL;
}

bool procfs_is_dead(int fd, const char *path, pid_t *pid)
{
	struct statfs statfs;

	return below(path, pid) && !fstatfs(fd, &statfs) && statfs.f_type == PROC_SUPER_MAGIC;
}

struct error *procfs_check_number(struct dump *dump, const char *path, pid_t pid)
{
	if (!snapshot_has_pid(dump->snapshot, pid))
		return NULL;
	return with_hint(
	    fail("%s belongs to a process that has ended, and another one of the tree has its number now", path),
	    "Close it before the dump.");
}

struct error *procfs_check(struct dump *dump, const char *path)
{
	static const char *const parts[] = { "/fdinfo/", "/map_files/" };
	const char *rest;
	pid_t pid, thread;

	rest = below(path, &pid);
	if (!rest || !snapshot_has_pid(dump->snapshot, pid))
		return NULL;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strncmp(rest, parts[i], strlen(parts[i])))
			return with_hint(fail("%s is about a single descriptor or mapping of a process", path),
					 "Close it before the dump.");
	if (snapshot_task(dump->snapshot, pid) && task_shares_memory(snapshot_task(dump->snapshot, pid)))
		return with_hint(fail("%s is about a process that shares its memory with another one", path), "Close it before the dump.");
	if (!snapshot_task(dump->snapshot, pid) ||
	    (sscanf(rest, "/task/%d", &thread) == 1 && thread != pid && snapshot_has_pid(dump->snapshot, thread)))
		return with_hint(fail("%s is about a single thread", path), "Close it before the dump.");
	return NULL;
}

struct error *procfs_check_image(struct restore *restore, const char *path, uint32_t pid)
{
	pid_t named;

	if (!below(path, &named) || (uint32_t)named != pid)
		return fail("the image is damaged: %s is not of process %u", path, pid);
	if (snapshot_has_pid(restore->snapshot, pid))
		return fail("the image is damaged: process %u has ended, and is in the tree", pid);
	return NULL;
}

bool procfs_is_own(const struct restore *restore, const char *path)
{
	pid_t pid;

	return below(path, &pid) && snapshot_has_pid(restore->snapshot, pid);
}

struct opening {
	const char *path;
	int flags, fd, reason;
};

static void open_it(void *argument)
{
	struct opening *opening = argument;

	opening->fd = open(opening->path, opening->flags);
	opening->reason = errno;
}

struct error *procfs_open_dead(pid_t pid, const char *path, int flags, int *ret_fd)
{
	struct opening opening = { .path = path, .flags = flags, .fd = -1 };

	if (!stand_in_run(pid, open_it, &opening))
		return with_hint(fail_errno("could not make a process %d, to which %s belonged", pid, path),
				 "If another process has this number now, wait until it has ended.");
	*ret_fd = opening.fd;
	return *ret_fd < 0 ? fail_number(opening.reason, "could not open %s", path) : NULL;
}
