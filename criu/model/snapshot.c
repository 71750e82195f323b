// SPDX-License-Identifier: GPL-2.0
#include "model/snapshot.h"

#include <signal.h>

struct task *snapshot_task(const struct snapshot *snapshot, pid_t pid)
{
	size_t index;

	if (!number_map_find(&snapshot->numbers, (uint64_t)pid, &index) || snapshot->tasks[index]->pid != pid)
		return NULL;
	return snapshot->tasks[index];
}

struct descriptor_table *snapshot_table(const struct snapshot *snapshot, uint32_t files_id)
{
	size_t index;

	return number_map_find(&snapshot->table_ids, files_id, &index) ? snapshot->tables[index] : NULL;
}

void snapshot_add_number(struct snapshot *snapshot, const struct task *task, pid_t number)
{
	if (!snapshot_has_pid(snapshot, number))
		number_map_add(&snapshot->arena, &snapshot->numbers, (uint64_t)number, task->index);
}

struct task *snapshot_add_task(struct snapshot *snapshot, struct task *parent, pid_t pid)
{
	struct task *task = arena_new(&snapshot->arena, struct task);

	task->parent = parent;
	task->pid = pid;
	task->pidfd = task->proc_fd = -1;
	task->index = snapshot->task_count;
	if (parent) {
		*(parent->last_child ? &parent->last_child->next_sibling : &parent->first_child) = task;
		parent->last_child = task;
	}
	*arena_append(&snapshot->arena, snapshot->tasks, snapshot->task_count, snapshot->task_capacity) = task;
	snapshot_add_number(snapshot, task, pid);
	return task;
}

struct descriptor_table *snapshot_add_table(struct snapshot *snapshot, uint32_t files_id, struct task *owner)
{
	struct descriptor_table *table = arena_new(&snapshot->arena, struct descriptor_table);

	table->id = files_id;
	table->owner = owner;
	number_map_add(&snapshot->arena, &snapshot->table_ids, files_id, snapshot->table_count);
	*arena_append(&snapshot->arena, snapshot->tables, snapshot->table_count, snapshot->table_capacity) = table;
	return table;
}

bool snapshot_has_pid(const struct snapshot *snapshot, pid_t pid)
{
	size_t index;

	return number_map_find(&snapshot->numbers, (uint64_t)pid, &index);
}

int task_exit_signal(const struct task *task)
{
	const TaskCoreEntry *core = task->helper ? NULL : task_leader(task)->core->tc;

	if (!core || !core->has_exit_signal)
		return SIGCHLD;
	/* A zombie's comes once more, and is dropped: these two cannot be. */
	if (task->state == TASK_DEAD && (core->exit_signal == SIGKILL || core->exit_signal == SIGSTOP))
		return 0;
	return core->exit_signal;
}

bool task_has_sharers(const struct task *task)
{
	if (task_shares_table(task) || task_shares_fs(task))
		return true;
	for (const struct task *child = task->first_child; child; child = child->next_sibling)
		if (task_shares_table(child) || task_shares_fs(child))
			return true;
	return false;
}
