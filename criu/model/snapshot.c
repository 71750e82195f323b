// SPDX-License-Identifier: GPL-2.0
#include "model/snapshot.h"

struct task *snapshot_task(const struct snapshot *snapshot, pid_t pid)
{
	for (size_t i = 0; i < snapshot->task_count; i++)
		if (snapshot->tasks[i]->pid == pid)
			return snapshot->tasks[i];
	return NULL;
}

struct descriptor_table *snapshot_table(const struct snapshot *snapshot, uint32_t files_id)
{
	for (size_t i = 0; i < snapshot->table_count; i++)
		if (snapshot->tables[i]->id == files_id)
			return snapshot->tables[i];
	return NULL;
}

struct task *snapshot_add_task(struct snapshot *snapshot, struct task *parent)
{
	struct task *task = arena_new(&snapshot->arena, struct task);

	task->parent = parent;
	task->pidfd = task->proc_fd = -1;
	task->index = snapshot->task_count;
	if (parent) {
		struct task **place = &parent->first_child;

		while (*place)
			place = &(*place)->next_sibling;
		*place = task;
	}
	*arena_append(&snapshot->arena, snapshot->tasks, snapshot->task_count, snapshot->task_capacity) = task;
	return task;
}

struct descriptor_table *snapshot_add_table(struct snapshot *snapshot, uint32_t files_id, struct task *owner)
{
	struct descriptor_table *table = arena_new(&snapshot->arena, struct descriptor_table);

	table->id = files_id;
	table->owner = owner;
	*arena_append(&snapshot->arena, snapshot->tables, snapshot->table_count, snapshot->table_capacity) = table;
	return table;
}

bool snapshot_has_pid(const struct snapshot *snapshot, pid_t pid)
{
	for (size_t i = 0; i < snapshot->task_count; i++) {
		const struct task *task = snapshot->tasks[i];

		if (task->pid == pid)
			return true;
		for (size_t j = 0; j < task->thread_count; j++)
			if (task->threads[j].tid == pid)
				return true;
	}
	return false;
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
