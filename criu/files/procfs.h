// SPDX-License-Identifier: GPL-2.0
/*
 * procfs: files below /proc/PID. Those of the tree's processes come back when these exist; those of a process that
 * has ended are opened while a helper has its number, and lose it again.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "model/run.h"
#include "support/error.h"

/* Is the path /proc/PID, or one below? */
bool procfs_is_path(const char *path, pid_t *pid);
/* main, dump: is this file, which is not at its path any more, one of a process that has ended? */
bool procfs_is_dead(int fd, const char *path, pid_t *pid);
/* main, dump: refuses the file of a dead process whose number the tree uses again. */
struct error *procfs_check_number(struct dump *dump, const char *path, pid_t pid) must_check;
/* main, dump: refuses what cannot be opened again before the process is complete: what is about a single
 * thread, descriptor or mapping. */
struct error *procfs_check(struct dump *dump, const char *path) must_check;
/* main, plan: the same for the record of a dead process in an image. */
struct error *procfs_check_image(struct restore *restore, const char *path, uint32_t pid) must_check;
/* Is the path that of a process of the tree, which exists only when files are opened? */
bool procfs_is_own(const struct restore *restore, const char *path);
/* opener: opens the file of a helper that ends right after it. */
struct error *procfs_open_dead(pid_t pid, const char *path, int flags, int *ret_fd) must_check;
