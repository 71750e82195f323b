// SPDX-License-Identifier: GPL-2.0
/* What the pipelines ask of the memory family. */
#pragma once

#include "model/run.h"
#include "remote/batch.h"
#include "support/error.h"

struct handover;

/* ---- dump: main ---- */

/* Before the freeze: buffers, worker threads, whatever need not be done while the tree stands. */
struct error *memory_prepare(struct dump *dump) must_check;
/* Tree frozen, tasks known, their proc_fd open, and none infected: workers begin to look for mappings and pages. */
void memory_scan(struct dump *dump);
/* Helps them until all mappings and pages are found; then workers begin to copy, in the background until
 * memory_drain(). From here on tasks may be infected. */
struct error *memory_start(struct dump *dump) must_check;
/* Tree frozen: task->mappings and task->mm->vmas from /proc, each recognised by its kind;
 * files of mappings are registered. Also the areas' madvise and lock flags. */
struct error *memory_collect(struct dump *dump, struct task *task) must_check;
/* Tree frozen: ends when the pages of all tasks and shared objects are in pages-N.img, or
 * in memory when the tree goes on before memory_write(). */
struct error *memory_drain(struct dump *dump) must_check;
/* Service for other families (dump->drain_file), before memory_drain(): contents of a memory file. fd stays the caller's. */
struct error *memory_drain_file(struct dump *dump, uint64_t key, int fd, uint64_t size) must_check;
/* After that, tree frozen or not: pagemap-N.img (mm-N.img is written by dump/write.c), and what waited. */
struct error *memory_write(struct dump *dump) must_check;
void memory_release(struct dump *dump);

/* ---- restore ---- */

/* main, before any fork: page maps read and checked against mappings, kinds' plan(),
 * files wanted, shared objects made (memfds; recorded for undo). */
struct error *memory_plan(struct restore *restore) must_check;

/* Service for other families (restore->fill_file): pagemap-shmem-<key> into a memory file. Opener. */
struct error *memory_fill_file(struct restore *restore, uint64_t key, int fd, uint64_t size) must_check;

/* Where things of a newborn go. */
struct memory_layout {
	void *hole; /* reserved range of room bytes in which the task has nothing */
	size_t room;
	uint64_t vdso_park; /* for the use of memory/ */
	void *private;	    /* for the use of memory/ */
};

/* newborn, before its children are forked: maps and fills what children share with it
 * (copy on write). Does nothing when there is nothing to gain. */
struct error *memory_restore_inherited(struct restore *restore, struct task *task) must_check;
/* newborn, files received: finds a hole of room bytes, makes every mapping (at its final
 * address when criu's own layout leaves that free, else at a temporary one) and fills the pages. */
struct error *memory_restore(struct restore *restore, struct task *task, const struct handover *handover, size_t room,
			     struct memory_layout *layout) must_check;
/* newborn, memory restored: PHASE_CLEAR calls: unmap all that is not the task's, keep [hole, hole + room) and the vdso. */
void memory_emit_clear(const struct restore *restore, const struct task *task, const struct memory_layout *layout,
		       struct batch *program);
/* PHASE_MEMORY calls: vdso and misplaced mappings to their places, protections, advice, locks. */
struct error *memory_emit(struct restore *restore, struct task *task, struct memory_layout *layout,
			  struct batch *program) must_check;
