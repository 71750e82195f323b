// SPDX-License-Identifier: GPL-2.0
/*
 * The snapshot: all that is known about a tree. Dump fills it, restore reads it; the image
 * messages are the model, the structs here only tie them together. main owns it; newborns
 * and the opener inherit it read-only. Everything in it lives in its arena.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "compel/compel.h"
#include "images/messages.h"
#include "support/arena.h"
#include "support/number_map.h"

struct task;
struct mapping_kind;
struct file_kind;
struct proc_stat;
struct proc_status;
struct mapping_line;

/* task_core_entry.task_state */
enum task_state {
	TASK_ALIVE = 1,
	TASK_DEAD = 2,
	TASK_STOPPED = 3,
};

struct thread {
	struct task *task;
	pid_t tid;	 /* as the tree sees it: the number in the images */
	CoreEntry *core; /* core-<tid>.img */
	/* dump only */
	pid_t host_tid;
	struct compel_thread tracee;
	const struct proc_stat *stat;
	const struct proc_status *status;
	bool own_directories; /* left those of its process by unshare(CLONE_FS) */
	/* restore only: restore/sleeps.c */
	bool call_begun;
	int64_t call_result;
	uint64_t call_end;
};

/* A mapping of one task. entry has the flags and status of images/vma.proto. */
struct mapping {
	struct task *task;
	VmaEntry *entry;
	const struct mapping_kind *kind;
	size_t index; /* in task->mappings */
	/* dump only */
	const struct mapping_line *line; /* what /proc said */
};

/* A descriptor table (files_id): shared by tasks that were cloned with CLONE_FILES. */
struct descriptor_table {
	uint32_t id;
	struct task *owner;    /* lowest task in tree order that has it; it installs and adopts */
	FdinfoEntry **entries; /* ascending numbers */
	size_t count, capacity;
};

struct task {
	struct task *parent, *first_child, *last_child, *next_sibling; /* in image order */
	size_t index;					  /* in snapshot->tasks; row on the board */
	pid_t pid, pgid, sid;				  /* as the tree sees them */
	enum task_state state;
	struct thread *threads; /* [0] is the leader */
	size_t thread_count;
	TaskKobjIdsEntry *ids; /* NULL for the dead */
	MmEntry *mm; /* of its memory, whoever owns it */
	FsEntry *fs;
	struct descriptor_table *table;
	struct mapping *mappings; /* ascending; of a task that shares its memory: none, the owner has them */
	size_t mapping_count;
	struct task **sharers; /* restore: tasks that share this one's memory, parents first */
	size_t sharer_count, sharer_capacity;
	bool helper; /* restore: not in the images, stands in for a leader that is gone */
	/* dump only */
	pid_t host_pid;
	int pidfd;	     /* for borrowing descriptors; -1 */
	int proc_fd;	     /* /proc/PID directory; -1 */
	int *numbers;	     /* open descriptors of the table's owner, ascending */
	bool *close_on_exec; /* of each of them */
	size_t number_count;
	struct compel_agent *agent; /* while infected */
	const struct proc_stat *stat;
	const struct proc_status *status;
};

struct snapshot {
	struct arena arena;
	struct task **tasks; /* pre-order: root first, parents before children */
	size_t task_count, task_capacity;
	struct number_map numbers; /* of processes and threads: index of the task */
	struct descriptor_table **tables;
	size_t table_count, table_capacity;
	struct number_map table_ids; /* index of the table */
	int number_limit;	     /* restore: above all descriptors of all tables; 0: these are not read yet */
	InventoryEntry *inventory;
	SeccompEntry *seccomp; /* filters of all threads */
	TimensEntry *clocks;   /* what the tree saw at the dump; NULL: not recorded */
	size_t seccomp_capacity;
};

static inline struct task *snapshot_root(const struct snapshot *snapshot)
{
	return snapshot->tasks[0];
}

static inline struct thread *task_leader(const struct task *task)
{
	return &task->threads[0];
}

/* Cloned with CLONE_FILES, CLONE_FS: one with its parent. The dead share nothing. */
static inline bool task_shares_table(const struct task *task)
{
	return task->table && task->parent && task->parent->table == task->table;
}

static inline bool task_shares_fs(const struct task *task)
{
	return task->ids && task->parent && task->parent->ids && task->parent->ids->fs_id == task->ids->fs_id;
}

/* restore: the signal by which its parent hears of its end; 0: none. */
int task_exit_signal(const struct task *task);

/* Cloned with CLONE_VM, and no thread: the memory is its parent's, who makes it when that is there again. */
static inline bool task_shares_memory(const struct task *task)
{
	return task->ids && task->parent && task->parent->ids && task->parent->ids->vm_id == task->ids->vm_id;
}

/* Then the signal actions may be its parent's too (CLONE_SIGHAND). */
static inline bool task_shares_actions(const struct task *task)
{
	return task_shares_memory(task) && task->parent->ids->sighand_id == task->ids->sighand_id;
}

/* The ancestor, or itself, to whom its memory belongs. */
static inline struct task *task_memory_owner(struct task *task)
{
	while (task_shares_memory(task))
		task = task->parent;
	return task;
}

/* Does it share table or directories with its parent or with a child? */
bool task_has_sharers(const struct task *task);

/* An empty message in the arena: new_message(arena, eventfd_file_entry) is an EventfdFileEntry *.
 * The name is the message's name in images/ in lower case. */
#define new_message(arena_, name)                                                                                      \
	({                                                                                                             \
		typeof(*name##__unpack(NULL, 0, NULL)) *message_ = arena_alloc(arena_, sizeof(*message_));             \
		name##__init(message_);                                                                                \
		message_;                                                                                              \
	})

/* Sets an optional scalar field: SET(core, oom_score_adj, 5). */
#define SET(message, field, value)                                                                                     \
	do {                                                                                                           \
		(message)->has_##field = 1;                                                                            \
		(message)->field = (value);                                                                            \
	} while (0)

/* Lookups; NULL when there is none. */
struct task *snapshot_task(const struct snapshot *snapshot, pid_t pid);
struct descriptor_table *snapshot_table(const struct snapshot *snapshot, uint32_t files_id);
/* Adds a task (zeroed but for its number, pidfd and proc_fd -1) below parent, keeping pre-order: call it in that order. */
struct task *snapshot_add_task(struct snapshot *snapshot, struct task *parent, pid_t pid);
/* One of the task's threads has this number. */
void snapshot_add_number(struct snapshot *snapshot, const struct task *task, pid_t number);
struct descriptor_table *snapshot_add_table(struct snapshot *snapshot, uint32_t files_id, struct task *owner);
/* True if any process or thread of the tree, helpers included, has this number. */
bool snapshot_has_pid(const struct snapshot *snapshot, pid_t pid);
