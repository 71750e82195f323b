// SPDX-License-Identifier: GPL-2.0
/*
 * remap: files that have lost the name under which they were opened. One without any name
 * becomes a ghost (ghost.c); one that has other names gets a further one until it is restored
 * (--link-remap); one of a process that has ended (procfs.c) needs a process with that number.
 */
#pragma once

#include "files/plan.h"
#include "support/error.h"

/* ---- dump: main, tree frozen ---- */

/* A file that is not at entry->name: a remap record for it, or a refusal. deleted: the kernel says that this
 * name is gone. fd is any descriptor of it, O_PATH ones too. */
struct error *remap_dump(struct dump *dump, RegFileEntry *entry, int fd, const struct stat *stat, bool deleted) must_check;
/* The name that a file had before earlier restores: without the ends of their temporary names. */
void remap_strip(char *name);

/* ---- restore ---- */

/* main, before any fork: the records and the heads of ghost images; no side effects. */
struct error *remap_read(struct restore *restore) must_check;
/* main, plan: the file that stands in for an entry is there. NULL too for an entry that has no record. */
struct error *remap_check(struct restore *restore, const RegFileEntry *entry) must_check;
/* The record of an entry, or NULL. */
const struct planned_remap *remap_of(const struct restore *restore, const RegFileEntry *entry);
/* opener: makes ghosts and names, and directories that are missing on the way to them. */
struct error *remap_prepare(struct restore *restore) must_check;
/* opener: opens a file by the name that it had, if nothing else has that name now. */
struct error *remap_open(const struct planned_remap *remap, const RegFileEntry *entry, int flags, int *ret_fd) must_check;
/* opener, nothing is opened by path any more: takes away what remap_prepare() made. */
void remap_clean(struct restore *restore);
/* main, the tree runs: the names that the dump gave are no longer needed. */
void remap_finish(struct restore *restore);
/* Is the number needed for a process that has ended? */
bool remap_needs_pid(const struct restore *restore, pid_t pid);
