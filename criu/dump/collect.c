// SPDX-License-Identifier: GPL-2.0
/*
 * Collecting: all state of all tasks but the pages. For each task what /proc and ptrace
 * tell from outside, then one batch per thread that answers every part's questions from
 * inside, then mappings and descriptors.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/arch.h"
#include "model/context.h"
#include "model/verdict.h"
#include "dump/stages.h"
#include "files/files.h"
#include "kernel/proc/stat.h"
#include "kernel/proc/status.h"
#include "memory/memory.h"
#include "remote/batch.h"
#include "support/cancel.h"
#include "support/cleanup.h"
#include "support/log.h"
#include "tasks/part.h"

static const struct task_part *const parts[] = {
#define TASK_PART(name) &name##_part,
#include "tasks/parts.h"
#undef TASK_PART
};
enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]), ARENA_MAX = 256 * 1024 };

/* The questions to one thread and where each part's answers begin. */
struct questions {
	struct batch batch;
	struct answers answers[PART_COUNT];
};

static bool applies(const struct task_part *part, const struct thread *thread)
{
	return part->scope == PART_THREAD || thread == task_leader(thread->task);
}

static struct error *read_outside(struct dump *dump, struct thread *thread)
{
	struct proc_stat *stat = arena_new(dump->arena, struct proc_stat);
	struct proc_status *status = arena_new(dump->arena, struct proc_status);

	TRY(proc_thread_stat_read(thread->task->host_pid, thread->host_tid, dump->arena, stat));
	TRY(proc_thread_status_read(thread->task->host_pid, thread->host_tid, dump->arena, status));
	thread->stat = stat;
	thread->status = status;
	thread->tracee.caught = status->signals_caught;
	return NULL;
}

static struct error *open_task(struct dump *dump, struct task *task)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", task->host_pid);
	task->proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (task->proc_fd < 0)
		return fail_errno("could not open %s", path);
	return NULL;
}

/* Its descriptors are borrowed through a pidfd, which thousands of processes need not have all at once. */
static struct error *collect_files(struct dump *dump, struct task *task)
{
	struct error *error;

	task->pidfd = syscall(SYS_pidfd_open, task->host_pid, 0);
	if (task->pidfd < 0)
		return fail_errno("could not open process %d", task->host_pid);
	error = files_collect(dump, task);
	close(task->pidfd);
	task->pidfd = -1;
	return error;
}

/* From outside: what every later step wants to know. */
static struct error *examine_task(struct dump *dump, struct task *task)
{
	struct thread *leader = task_leader(task);

	for (size_t i = 0; i < task->thread_count; i++)
		TRY(read_outside(dump, &task->threads[i]));
	task->stat = leader->stat;
	task->status = leader->status;
	task->pgid = task->stat->pgrp;
	task->sid = task->stat->session;
	if (task->parent && task->stat->ppid != task->parent->host_pid)
		return as_passing(with_hint(fail("cannot save process %d: its parent was killed while the tree was being frozen", task->pid),
					    "Try again."));
	if (task->state == TASK_DEAD && task->status->threads > 1)
		return with_hint(fail("cannot save process %d: its first thread has ended while others run", task->pid),
				 "Wait until the process has ended or has called execve.");
	return NULL;
}

static void new_cores(struct dump *dump, struct task *task)
{
	for (size_t i = 0; i < task->thread_count; i++) {
		struct thread *thread = &task->threads[i];

		thread->core = new_message(dump->arena, core_entry);
		thread->core->mtype = CORE_ENTRY__MARCH__X86_64;
		if (i == 0)
			thread->core->tc = new_message(dump->arena, task_core_entry);
		if (task->state != TASK_DEAD)
			thread->core->thread_core = new_message(dump->arena, thread_core_entry);
	}
}

static void fill_task_core(struct task *task)
{
	TaskCoreEntry *core = task_leader(task)->core->tc;

	core->task_state = task->state;
	core->flags = task->stat->flags;
	core->comm = (char *)task->stat->comm;
	core->blk_sigset = task_leader(task)->tracee.blocked;
	if (task->state == TASK_DEAD)
		core->exit_code = task->stat->exit_code;
	if (task->parent && task->stat->exit_signal != SIGCHLD)
		SET(core, exit_signal, task->stat->exit_signal);
	if (task->state == TASK_STOPPED && task_leader(task)->tracee.stop_signal)
		SET(core, stop_signo, task_leader(task)->tracee.stop_signal);
	SET(core, cg_set, 1);
}

static struct error *read_registers(struct dump *dump, struct thread *thread, void *xstate, size_t room)
{
	size_t size = room;

	TRY(compel_get_xstate(&thread->tracee, xstate, &size));
	TRY(arch_registers_to_image(dump->arena, thread->core, &thread->tracee.registers, xstate, size,
				    thread->tracee.compat));
	SET(thread->core->thread_core, blk_sigset, thread->tracee.blocked);
	SET(thread->core->thread_core, cg_set, 1);
	return NULL;
}

static struct error *ask_all(struct dump *dump, struct thread *thread, struct questions *questions)
{
	for (size_t i = 0; i < PART_COUNT; i++) {
		questions->answers[i] = (struct answers){ .batch = &questions->batch,
							  .first_call = questions->batch.count,
							  .first_data = (questions->batch.size + 7) & ~(size_t)7 };
		if (applies(parts[i], thread) && parts[i]->ask)
			TRY(verdict(dump, verdict_mark(dump), parts[i]->ask(dump, thread, &questions->batch), "%s",
				    parts[i]->name));
	}
	return NULL;
}

static struct error *dump_parts(struct dump *dump, struct thread *thread, const struct questions *questions)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		if (applies(parts[i], thread) && parts[i]->dump)
			TRY(verdict(dump, verdict_mark(dump), parts[i]->dump(dump, thread, &questions->answers[i]), NULL));
	return NULL;
}

static struct error *run_batches(struct task *task, struct questions *questions)
{
	cleanup_free struct compel_thread **threads = calloc(task->thread_count, sizeof(*threads));
	cleanup_free struct batch **batches = calloc(task->thread_count, sizeof(*batches));
	size_t room = 0, largest = 0; /* one batch at least must fit; the others take turns */

	if (!threads || !batches)
		return out_of_memory();
	for (size_t i = 0; i < task->thread_count; i++) {
		size_t size = compel_batch_room(questions[i].batch.count, questions[i].batch.size);

		threads[i] = &task->threads[i].tracee;
		batches[i] = &questions[i].batch;
		room += size;
		largest = size > largest ? size : largest;
	}
	TRY(compel_infect(&task_leader(task)->tracee, room < ARENA_MAX ? room : largest + ARENA_MAX, &task->agent));
	TRY(batch_run(task->agent, threads, batches, task->thread_count));
	TRY(compel_cure(task->agent));
	task->agent = NULL;
	/* From here on no code of ours is where the task would run on if we were killed. */
	return compel_prepare_all(threads, task->thread_count);
}

/* Everything that is asked inside the task. */
static struct error *question_task(struct dump *dump, struct task *task)
{
	cleanup_free struct questions *questions = calloc(task->thread_count, sizeof(*questions));
	cleanup_free void *xstate = malloc(arch_xstate_room());
	struct error *error = NULL;

	if (!questions || !xstate)
		return out_of_memory();
	for (size_t i = 0; i < task->thread_count && !error; i++)
		error = ask_all(dump, &task->threads[i], &questions[i]);
	if (!error)
		error = run_batches(task, questions);
	for (size_t i = 0; i < task->thread_count && !error; i++) {
		error = read_registers(dump, &task->threads[i], xstate, arch_xstate_room());
		if (!error)
			error = dump_parts(dump, &task->threads[i], &questions[i]);
		if (!error)
			settle_interrupted(dump, &task->threads[i]);
	}
	for (size_t i = 0; i < task->thread_count; i++)
		batch_free(&questions[i].batch);
	return error;
}

static struct error *collect_task(struct dump *dump, struct task *task)
{
	new_cores(dump, task);
	fill_task_core(task);
	if (task->state == TASK_DEAD)
		return NULL;
	task->mm = task_shares_memory(task) ? task->parent->mm : new_message(dump->arena, mm_entry);
	TRY(question_task(dump, task));
	if (!task_shares_memory(task))
		TRY(memory_collect(dump, task));
	if (task->table->owner == task)
		TRY(collect_files(dump, task));
	return NULL;
}

struct error *collect_tasks(struct dump *dump)
{
	struct snapshot *snapshot = dump->snapshot;
	size_t mark;

	for (size_t i = 0; i < snapshot->task_count; i++)
		TRY(with_context(open_task(dump, snapshot->tasks[i]), "process %d", snapshot->tasks[i]->pid));
	memory_scan(dump); /* in the background, and before our code is in any task */
	for (size_t i = 0; i < snapshot->task_count; i++)
		TRY(verdict(dump, verdict_mark(dump), examine_task(dump, snapshot->tasks[i]), "process %d",
			    snapshot->tasks[i]->pid));
	TRY(identify_tasks(dump));
	TRY(order_snapshot(dump));
	if (inspecting(dump) && dump->verdicts->incomplete)
		return NULL;
	TRY(memory_start(dump)); /* pages are copied in the background from here */
	for (size_t i = 0; i < snapshot->task_count; i++) {
		struct task *task = snapshot->tasks[i];

		TRY(cancel_check());
		mark = verdict_mark(dump);
		TRY(verdict(dump, mark, collect_task(dump, task), "cannot save process %d (%s)", task->pid,
			    task->stat->comm));
	}
	return files_collect_late(dump);
}
