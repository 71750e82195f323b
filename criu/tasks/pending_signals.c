// SPDX-License-Identifier: GPL-2.0
/*
 * pending_signals: signals that were sent and not yet taken, of the process and of each
 * thread, with all they carry. PTRACE_PEEKSIGINFO (ptrace(2)), rt_sigqueueinfo(2).
 */
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "tasks/part.h"

enum { ROUND = 32, SIGINFO_BYTES = 128 };
_Static_assert(sizeof(siginfo_t) == SIGINFO_BYTES, "siginfo of the kernel");

static void append(struct arena *arena, SignalQueueEntry *queue, size_t *capacity, const siginfo_t *info)
{
	SiginfoEntry *entry = new_message(arena, siginfo_entry);

	entry->siginfo.len = SIGINFO_BYTES;
	entry->siginfo.data = arena_copy(arena, info, SIGINFO_BYTES);
	*arena_append(arena, queue->signals, queue->n_signals, *capacity) = entry;
}

static struct error *peek_queue(struct dump *dump, struct thread *thread, bool shared, SignalQueueEntry **out)
{
	struct __ptrace_peeksiginfo_args arguments = { .flags = shared ? PTRACE_PEEKSIGINFO_SHARED : 0, .nr = ROUND };
	SignalQueueEntry *queue = new_message(dump->arena, signal_queue_entry);
	size_t capacity = 0;

	/* A signal that was being delivered when we came is first in line again. */
	if (!shared && thread->tracee.signal_taken)
		append(dump->arena, queue, &capacity, &thread->tracee.signal);
	for (;;) {
		siginfo_t infos[ROUND];
		long count = ptrace(PTRACE_PEEKSIGINFO, thread->host_tid, &arguments, infos);

		if (count < 0)
			return fail_errno("could not read pending signals of thread %d", thread->tid);
		for (long i = 0; i < count; i++)
			append(dump->arena, queue, &capacity, &infos[i]);
		arguments.off += count;
		if (count < ROUND)
			break;
	}
	*out = queue;
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	TRY(peek_queue(dump, thread, false, &thread->core->thread_core->signals_p));
	if (thread == task_leader(thread->task))
		TRY(peek_queue(dump, thread, true, &thread->core->tc->signals_s));
	return NULL;
}

static struct error *check_queue(const SignalQueueEntry *queue)
{
	for (size_t i = 0; queue && i < queue->n_signals; i++) {
		siginfo_t info;

		if (queue->signals[i]->siginfo.len != SIGINFO_BYTES)
			return fail("the image is damaged: a pending signal has %zu bytes",
				    queue->signals[i]->siginfo.len);
		memcpy(&info, queue->signals[i]->siginfo.data, sizeof(info));
		if (info.si_signo < 1 || info.si_signo > 64)
			return fail("the image is damaged: pending signal %d", info.si_signo);
	}
	return NULL;
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	TRY(check_queue(thread->core->thread_core->signals_p));
	return thread->core->tc ? check_queue(thread->core->tc->signals_s) : NULL;
}

static void emit_queue(struct batch *program, const SignalQueueEntry *queue, const struct thread *thread, bool shared)
{
	for (size_t i = 0; queue && i < queue->n_signals; i++) {
		const siginfo_t *info = (const siginfo_t *)queue->signals[i]->siginfo.data;
		uint64_t place = batch_data(program, info, SIGINFO_BYTES);
		uint64_t signo = info->si_signo;

		if (shared)
			batch_call_flags(program, "pending signal", SYS_rt_sigqueueinfo, REMOTE_DATA(2),
					 thread->task->pid, signo, place);
		else
			batch_call_flags(program, "pending signal", SYS_rt_tgsigqueueinfo, REMOTE_DATA(3),
					 thread->task->pid, thread->tid, signo, place);
	}
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	emit_queue(program, thread->core->thread_core->signals_p, thread, false);
	if (thread->core->tc)
		emit_queue(program, thread->core->tc->signals_s, thread, true);
	return NULL;
}

const struct task_part pending_signals_part = {
	.name = "pending_signals",
	.scope = PART_THREAD,
	.phase = PHASE_SIGNALS,
	.dump = dump,
	.plan = plan,
	.emit = emit,
};
