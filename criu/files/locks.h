// SPDX-License-Identifier: GPL-2.0
/*
 * File locks and leases. They are no files, so they have no row in kinds.h: a POSIX lock belongs
 * to a descriptor table and a file, a flock lock, an OFD lock or a lease to a description of any kind.
 * Dump looks only at files that /proc/locks names; without locks on the system that is one read.
 */
#pragma once

#include "files/kind.h"
#include "remote/batch.h"

struct lock_collection;

/* ---- dump: main, tree frozen ---- */

/* Reads /proc/locks; to be called once before the others. */
struct error *locks_begin(struct dump *dump) must_check;
/* May there be a lock on it? fd is our copy. Any thread. */
bool locks_possible(const struct lock_collection *locks, int fd, const struct stat *stat);
/* Is there a lease on the file with this inode number, of which fd is any descriptor? Opening it could break the lease and wait for that. */
bool locks_leased(const struct dump *dump, int fd, ino_t inode);
/* Registers the locks that a task's descriptor shows, once each. Refuses those that cannot be had again:
 * shared with or waited for by a process outside of the tree; all of them without --file-locks. */
struct error *locks_collect(struct dump *dump, const struct open_fd *fd, uint32_t id) must_check;
/* filelocks.img. */
struct error *locks_write(struct dump *dump) must_check;

/* ---- restore ---- */

/* main, before any fork: reads and checks filelocks.img. No side effects. */
struct error *locks_plan(struct restore *restore) must_check;
/* opener, all files are open: OFD locks and leases that are being broken; of the others, whether anybody is in the way. */
struct error *locks_restore(struct restore *restore) must_check;
/* newborn: the calls that take the locks of a task, to run when no descriptor of criu is left in its table:
 * closing any descriptor of a file gives up all POSIX locks on it, fcntl_locking(2). */
void locks_emit(struct restore *restore, const struct task *task, struct batch *program);
