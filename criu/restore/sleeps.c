// SPDX-License-Identifier: GPL-2.0
/*
 * Sleeps: a thread that was saved in nanosleep, poll or a futex's wait with a relative timeout goes on with what was left
 * of it, and not with its whole length. The program's own timeout cannot be changed: it is an argument in registers that
 * the call must leave alone, or in memory that may be used again. So the thread makes the call once with a timeout of
 * ours and is interrupted at once: the kernel notes the end in the thread's restart block. Then it gets the registers of
 * a thread that was interrupted in its own call, and the kernel goes on with it (restart_syscall(2)).
 * A filter of system calls may forbid restart_syscall: under one the call begins again.
 */
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "arch/arch.h"
#include "board.h"
#include "model/sleep_mark.h"
#include "restore/stages.h"
#include "support/log.h"

enum { NS_PER_SECOND = 1000000000, NS_PER_MS = 1000000, LAST_RESTART = -512 };

/* Is what stands at the address the instruction of a system call? */
static bool stands_at_call(const struct thread *thread, const struct arch_call *call)
{
	unsigned char code[2];
	struct error *error = compel_read(thread->tracee.tid, remote(call->behind - sizeof(code)), code, sizeof(code));

	if (error) {
		error_free(error);
		return false;
	}
	return arch_is_call(code);
}

static bool wants_rest(const struct thread *thread)
{
	const ThreadCoreEntry *core = thread->core->thread_core;

	return core->has_call_left && !core->seccomp_mode && !core->dispatch_mode && !arch_core_is_compat(thread->core);
}

/* Makes the call, and keeps how it went. */
static struct error *begin(struct thread *thread, const struct arch_call *call, uint64_t left)
{
	struct timespec now;
	int64_t result;

	TRY(compel_begin_call(&thread->tracee, call->behind - 2, call->number, call->arg, &result));
	clock_gettime(CLOCK_MONOTONIC, &now); /* not before: a later dump must not find less left than there is */
	log_debug("thread %d sleeps on for %llu ns: %lld", thread->tid, (unsigned long long)left, (long long)result);
	if (result <= LAST_RESTART && result != ARCH_GOES_ON)
		return NULL; /* it begins again */
	thread->call_end = (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec + left;
	thread->call_result = result;
	thread->call_begun = true;
	return NULL;
}

/* The timeout of main's making lies in the board, which the task has mapped still. */
struct error *sleep_begin(struct restore *restore, struct thread *thread)
{
	const uint64_t left = thread->core->thread_core->call_left;
	uint64_t time = restore->board->rows[thread->task->index].arena_start + offsetof(struct board, time);
	struct arch_call call;

	if (!wants_rest(thread))
		return NULL;
	arch_call_to_begin(thread->core, &call);
	if (call.number == SYS_nanosleep)
		call.arg[0] = time;
	else if (call.number == SYS_clock_nanosleep && !((int)call.arg[1] & TIMER_ABSTIME))
		call.arg[2] = time;
	else if (call.number == SYS_futex)
		call.arg[3] = time;
	else
		return NULL;
	if (!stands_at_call(thread, &call))
		return NULL;
	restore->board->time[0] = (int64_t)(left / NS_PER_SECOND);
	restore->board->time[1] = (int64_t)(left % NS_PER_SECOND);
	return begin(thread, &call, left);
}

/* poll() looks at its files, so it waits for them to be as they shall be. */
static struct error *begin_poll(struct thread *thread)
{
	const uint64_t left = thread->core->thread_core->call_left;
	struct arch_call call;

	arch_call_to_begin(thread->core, &call);
	if (call.number != SYS_poll || (int)call.arg[2] <= 0 || !stands_at_call(thread, &call))
		return NULL;
	if (left < (uint64_t)(int)call.arg[2] * NS_PER_MS)
		call.arg[2] = (left + NS_PER_MS - 1) / NS_PER_MS;
	TRY(begin(thread, &call, left));
	if (thread->call_begun)
		arch_interrupt_call(&thread->tracee.registers, thread->call_result);
	return NULL;
}

static struct error *resume_sleep(struct thread *thread)
{
	struct arch_call call;

	if (!wants_rest(thread))
		return NULL;
	if (!thread->call_begun)
		TRY(begin_poll(thread));
	if (!thread->call_begun || thread->call_result != ARCH_GOES_ON)
		return NULL;
	arch_call_to_begin(thread->core, &call);
	return compel_set_mark(&thread->tracee, sleep_mark(thread->host_tid, &call, (int64_t)thread->call_end));
}

struct error *sleeps_resume(struct restore *restore)
{
	for (size_t i = 0; i < restore->snapshot->task_count; i++) {
		struct task *task = restore->snapshot->tasks[i];

		for (size_t j = 0; j < task->thread_count && task->state != TASK_DEAD; j++)
			TRY(resume_sleep(&task->threads[j]));
	}
	return NULL;
}
