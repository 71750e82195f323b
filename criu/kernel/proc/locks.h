// SPDX-License-Identifier: GPL-2.0
/*
 * File locks and leases as the kernel tells of them: lines of /proc/locks (proc(5)) and those
 * behind "lock:" in /proc/PID/fdinfo/N. In a pid namespace that is not the first one, /proc/locks leaves
 * out the locks whose taker has ended; fdinfo has them, with 0 as pid. Linux 6.18. Any process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "support/arena.h"
#include "support/error.h"

/* The numbers of images/file_lock.proto. */
enum lock_kind {
	LOCK_POSIX = 1,
	LOCK_FLOCK = 2,
	LOCK_OFD = 4,
	LOCK_LEASE = 8,
};

struct proc_lock {
	enum lock_kind kind;
	bool waits;    /* no lock, but somebody who waits for the one before */
	bool breaking; /* a lease that must become its type soon */
	int type;      /* F_RDLCK, F_WRLCK, F_UNLCK */
	pid_t pid;     /* of the process that took it; -1: OFD locks; 0: has ended */
	ino_t inode;   /* as the file system counts them: on overlayfs not what stat tells */
	int64_t start, length; /* length 0: to the end of the file */
};

/* One line of /proc/locks, or what follows "lock:" in fdinfo. False: not understood. */
bool proc_lock_parse(const char *line, struct proc_lock *lock);
/* /proc/locks. */
struct error *proc_locks_read(struct arena *arena, struct proc_lock **locks, size_t *count) must_check;
