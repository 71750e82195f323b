// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/mountinfo: what is mounted where. proc(5), proc_pid_mountinfo(5). main. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"
#include "support/error.h"

struct mount_line {
	int id, parent;
	uint32_t device; /* of the file system, in the kernel's own encoding: major << 20 | minor */
	char *root;	 /* of the mount inside the file system */
	char *path;	 /* where it is mounted, as the process sees it */
	char *type;	 /* of the file system */
};

/* All mounts of a process's namespace in the kernel's order, allocated from the arena. proc_fd: /proc/PID. */
struct error *mountinfo_read(int proc_fd, struct arena *arena, struct mount_line **ret, size_t *count) must_check;
/* The one with that id; NULL: none. */
const struct mount_line *mountinfo_find(const struct mount_line *mounts, size_t count, int id);
