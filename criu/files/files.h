// SPDX-License-Identifier: GPL-2.0
/* What the pipelines ask of the files family. */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* ---- dump: main ---- */

/* Before any thread is started and before the tree is frozen: room for the descriptors that will be borrowed. */
struct error *files_prepare(struct dump *dump) must_check;

/* The tree is frozen from here on. */

/* Every descriptor of the task's table (task->table, owned by it) into table->entries;
 * descriptions seen before (kcmp) keep their id. Refuses, naming descriptor and hint, what
 * no kind can save. */
struct error *files_collect(struct dump *dump, struct task *task) must_check;

/* Registers a file that is not a descriptor: link is relative to task->proc_fd ("exe",
 * "cwd", "root", "map_files/START-END"). flags: access mode it must be opened with. The
 * same file (mount, device, inode) gets one id, shared with a descriptor where that is possible. */
struct error *files_register_link(struct dump *dump, struct task *task, const char *link, uint32_t flags,
				  uint32_t *ret_id) must_check;
/* A new file id (one counter for all). */
uint32_t files_next_id(struct dump *dump);

/* All tasks are collected: run the kinds' dump_late (references between files, locks, link remaps). */
struct error *files_collect_late(struct dump *dump) must_check;
/* files.img, fdinfo-N.img, remap-fpath.img, payload images that were kept in memory. */
struct error *files_write(struct dump *dump) must_check;
/* Removes whatever the dump made in the system for its own sake (nothing on success paths). */
void files_release(struct dump *dump);

/* ---- restore: main, before any fork ---- */

/* All file images into restore->files and snapshot->tables (entries of tables that were
 * added by the reader of the process tree). Nothing is touched. */
struct error *files_read(struct restore *restore) must_check;
/* Kinds' plan(), references, which descriptions are wanted, who is sent what. No side effects.
 * Runs after memory_plan(), which asks for mappings' files by files_want_mapping(). */
struct error *files_plan(struct restore *restore) must_check;

/* A mapping needs a descriptor of file id opened with flags (access mode). Returns a key
 * under which the newborn finds it in what it is handed; equal requests get equal keys. */
struct error *files_want_mapping(struct restore *restore, struct task *task, uint32_t id, uint32_t flags,
				 uint32_t *ret_key) must_check;
/* newborn, before its children are forked: opens the file of such a key by itself. *ret_fd: -1 when only the opener can. */
void files_open_early(struct restore *restore, uint32_t key, int *ret_fd);
/* Highest descriptor number + 1 in any table of the restore. */
int files_number_limit(const struct restore *restore);

/* ---- restore: main, tree stopped, at the end ---- */
struct error *files_finish(struct restore *restore) must_check;
