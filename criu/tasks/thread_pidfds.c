// SPDX-License-Identifier: GPL-2.0
/*
 * thread_pidfds: descriptors of threads (PIDFD_THREAD). When files are opened there are only processes, so what stands
 * at their numbers until all threads exist is of the thread's process (files/pidfd.c).
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "files/pidfd.h"
#include "tasks/part.h"

/* A second number of the same file. */
static const FdinfoEntry *earlier(const struct descriptor_table *table, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (table->entries[i]->id == table->entries[index]->id)
			return table->entries[i];
	return NULL;
}

static void open_at(struct batch *program, const struct descriptor_table *table, size_t index, pid_t thread,
		    uint32_t flags)
{
	const FdinfoEntry *entry = table->entries[index], *first = earlier(table, index);
	uint64_t close_on_exec = entry->flags & FD_CLOEXEC ? O_CLOEXEC : 0;
	size_t opened;

	if (first) {
		batch_call(program, "pidfd of a thread", SYS_dup3, first->fd, entry->fd, close_on_exec);
		return;
	}
	opened = batch_call(program, "pidfd of a thread", SYS_pidfd_open, thread, flags & (O_NONBLOCK | O_EXCL));
	batch_call_flags(program, "pidfd of a thread", SYS_dup3, REMOTE_RESULT(0), opened, entry->fd, close_on_exec);
	batch_call_flags(program, "pidfd of a thread", SYS_close, REMOTE_RESULT(0), opened);
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const struct descriptor_table *table = thread->task->table;

	if (table->owner != thread->task)
		return NULL;
	for (size_t i = 0; i < table->count; i++) {
		const struct planned_file *file;
		pid_t of;

		if (table->entries[i]->type != FD_TYPES__PIDFD)
			continue;
		file = planned_file_find(restore, table->entries[i]->id, FD_TYPES__PIDFD);
		of = pidfd_thread(restore, file);
		if (of)
			open_at(program, table, i, of, file->entry->pidfd->flags);
	}
	return NULL;
}

const struct task_part thread_pidfds_part = {
	.name = "thread_pidfds",
	.scope = PART_TASK,
	.phase = PHASE_CHILDREN,
	.emit = emit,
};
