// SPDX-License-Identifier: GPL-2.0
/*
 * Finishing: main becomes the tracer while the tree waits at a barrier, lets every
 * thread run to the end of its program, and there, while it sleeps in the last barrier,
 * replaces its registers by its own. No signal frame is built and no signal is used, so
 * nothing of the restored signal state can be touched on the way.
 */
#include <stdlib.h>
#include <sys/syscall.h>

#include "arch/arch.h"
#include "board.h"
#include "compel/compel.h"
#include "restore/stages.h"
#include "support/cleanup.h"
#include "support/log.h"
#include "tasks/syscall_dispatch.h"

/* Seizes every thread; the kernel then also suspends the seccomp filters that come. */
struct error *seize_tree(struct restore *restore)
{
	for (size_t i = 0; i < restore->snapshot->task_count; i++) {
		struct task *task = restore->snapshot->tasks[i];

		for (size_t j = 0; j < task->thread_count && task->state != TASK_DEAD; j++) {
			struct thread *thread = &task->threads[j];

			thread->host_tid = thread->tid;
			TRY(with_context(compel_seize_newborn(&thread->tracee, thread->host_tid), "process %d",
					 task->pid));
		}
	}
	return NULL;
}

static struct error *stop_task(struct task *task)
{
	for (size_t i = 0; i < task->thread_count; i++)
		TRY(compel_interrupt(&task->threads[i].tracee));
	return NULL;
}

/* The arena is the last trace of the restore in the task. */
static struct error *unmap_arena(struct restore *restore, struct task *task)
{
	const struct board_row *row = &restore->board->rows[task->index];
	uint64_t arguments[6] = { row->arena_start, row->arena_size };
	int64_t result;

	TRY(compel_syscall(&task_leader(task)->tracee, SYS_munmap, arguments, &result));
	return result ? fail_number((int)-result, "could not unmap the restoring program") : NULL;
}

static struct error *set_registers(struct thread *thread, void *xstate, size_t room)
{
	struct user_regs_struct registers;
	size_t size = room;
	uint64_t blocked = thread->core->thread_core->blk_sigset;

	arch_registers_from_image(thread->core, &registers, xstate, &size);
	TRY(compel_set_state(&thread->tracee, &registers, size ? xstate : NULL, size, blocked));
	if (thread->call_begun)
		arch_interrupt_call(&thread->tracee.registers, thread->call_result);
	syscall_dispatch_restore(thread);
	return NULL;
}

static struct error *catch_task(struct task *task)
{
	for (size_t i = 0; i < task->thread_count; i++) {
		TRY(compel_wait(&task->threads[i].tracee));
		if (task->threads[i].tracee.state == COMPEL_DEAD)
			return fail("thread %d ended while it was being restored", task->threads[i].tid);
	}
	return NULL;
}

/* All of the tree stand still: others may have run in this task's arena. */
static struct error *finish_task(struct restore *restore, struct task *task, void *xstate, size_t room)
{
	for (size_t i = 0; i < task->thread_count; i++)
		TRY(sleep_begin(restore, &task->threads[i]));
	if (!task_shares_memory(task))
		TRY(unmap_arena(restore, task));
	for (size_t i = 0; i < task->thread_count; i++)
		TRY(set_registers(&task->threads[i], xstate, room));
	return NULL;
}

struct error *catch_tree(struct restore *restore)
{
	size_t room = arch_xstate_room();
	cleanup_free void *xstate = malloc(room);

	if (!xstate)
		return out_of_memory();
	for (size_t i = 0; i < restore->snapshot->task_count; i++)
		if (restore->snapshot->tasks[i]->state != TASK_DEAD)
			TRY(stop_task(restore->snapshot->tasks[i]));
	for (size_t i = 0; i < restore->snapshot->task_count; i++) {
		struct task *task = restore->snapshot->tasks[i];

		if (task->state != TASK_DEAD)
			TRY(with_context(catch_task(task), "cannot restore process %d", task->pid));
	}
	for (size_t i = 0; i < restore->snapshot->task_count; i++) {
		struct task *task = restore->snapshot->tasks[i];

		if (task->state != TASK_DEAD)
			TRY(with_context(finish_task(restore, task, xstate, room), "cannot restore process %d", task->pid));
	}
	return NULL;
}
