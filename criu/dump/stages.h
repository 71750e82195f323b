// SPDX-License-Identifier: GPL-2.0
/* The stages of a dump, in the order dump.c calls them. All run in main; nothing outside dump/ sees them. */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* freeze.c: seizes every thread of every process below and including root until nothing
 * new is born; fills snapshot->tasks with pids, threads and their stops. Thawing is on the undo stack. */
struct error *freeze_tree(struct dump *dump, pid_t root) must_check;
/* The undo entry of freeze_tree: cures and detaches everything. argument: struct dump. */
void thaw_tree(void *argument);
/* freeze.c: a cgroup that was frozen before the dump is so again. What is stopped there, or let go afterwards, does not
 * run; what is to run a bit for the dump must have done so. */
void refreeze(struct dump *dump);

/* collect.c: all state of all tasks but the pages. */
struct error *collect_tasks(struct dump *dump) must_check;

/* identity.c, before the freeze: the namespaces of the dumper itself. */
struct error *identity_prepare(struct dump *dump) must_check;
/* identity.c: which address spaces, tables, fs and signal structs are shared (kcmp(2)), and
 * which namespaces the tasks live in; fills task->ids and task->table. */
struct error *identify_tasks(struct dump *dump) must_check;

/* order.c: verdicts that need everything in view: sessions, groups, sharing. */
struct error *order_snapshot(struct dump *dump) must_check;

/* write.c: everything that collecting filled; pages may still be on their way. */
struct error *write_metadata(struct dump *dump) must_check;
/* write.c: the page maps, then the inventory; all images get their names. */
struct error *write_images(struct dump *dump) must_check;
/* stats-dump, and --display-stats. */
struct error *write_stats(struct dump *dump) must_check;

/* release.c: the tree runs on, stays stopped, or is killed, as the options say. */
struct error *release_tree(struct dump *dump) must_check;

/* dump.c: the last step of a run. */
void close_tasks(struct snapshot *snapshot);
uint64_t now_us(void);
/* Decides whether an interrupted system call begins again; registers, signal actions and the
 * thread's own pending signals are in the core. */
void settle_interrupted(struct dump *dump, struct thread *thread);

/* sleeps.c, before the freeze: which threads sleep for a length of time, and since when. Whatever cannot be found out
 * is not noted. */
void sleeps_note(struct dump *dump);
/* sleeps.c: the thread was interrupted in a call that the kernel would go on with (restart_syscall(2)): which call it
 * was, into the registers of the core, and how much of its timeout is left. */
void sleeps_settle(const struct dump *dump, struct thread *thread);
