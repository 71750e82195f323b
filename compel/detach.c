// SPDX-License-Identifier: GPL-2.0
/* Letting threads go, as they were. */
#include "compel/internal.h"

#include <time.h>

#include "support/log.h"
#include "support/urgency.h"

/* A signal can only be handed back in a stop that delivers one, so the thread gets one of ours first: of the same
 * number unless one such waits, so that the signal is not lost if we are killed. */
static struct error *enter_signal_stop(struct compel_thread *thread)
{
	uint64_t mask, number = UINT64_C(1) << (thread->signal.si_signo - 1);

	if (!(thread_pending(thread->tid) & number))
		thread->stop_number = thread->signal.si_signo;
	mask = ~(UINT64_C(1) << (thread->stop_number - 1));

	if (trace(PTRACE_SETSIGMASK, thread->tid, sizeof(mask), &mask) < 0)
		return fail_errno("could not set the signal mask of thread %d", thread->tid);
	if (syscall(SYS_tkill, thread->tid, thread->stop_number) < 0)
		return fail_errno("could not signal thread %d", thread->tid);
	TRY(thread_resume(thread, PTRACE_CONT));
	TRY(thread_wait_for(thread, WANT_SIGNAL));
	if (trace(PTRACE_SETSIGINFO, thread->tid, 0, &thread->signal) < 0)
		return fail_errno("could not give thread %d its signal back", thread->tid);
	return NULL;
}

/* Everything but the last step: registers, mask and signal are as they were. */
static struct error *prepare(struct compel_thread *thread)
{
	if (thread->detached)
		return NULL;
	if (thread->state == COMPEL_RUNNING)
		TRY(compel_wait(thread));
	if (thread->state == COMPEL_DEAD || (!thread->borrowed && !thread->unparked))
		return NULL;
	TRY(thread_park(thread));
	if (thread->signal_taken && thread->left_signal)
		TRY(enter_signal_stop(thread));
	return thread_return(thread);
}

static struct error *let_go(struct compel_thread *thread, bool stop)
{
	if (thread->state == COMPEL_DEAD || thread->detached)
		return NULL;
	if (stop || thread->stop_requested)
		syscall(SYS_tkill, thread->tid, SIGSTOP);
	if (trace_number(PTRACE_DETACH, thread->tid, thread->signal_taken ? thread->signal.si_signo : 0) < 0)
		return errno == ESRCH ? thread_died(thread) : fail_errno("could not let thread %d go", thread->tid);
	thread->detached = true;
	return NULL;
}

/* Death is no error here; of others the first is kept. */
static void note(const struct compel_thread *thread, struct error *error, struct error **first)
{
	if (!error)
		return;
	if (thread->state == COMPEL_DEAD)
		log_debug("thread %d died before it was let go", thread->tid);
	if (thread->state == COMPEL_DEAD || *first)
		error_free(error);
	else
		*first = error;
}

struct error *compel_detach(struct compel_thread *thread, bool stop)
{
	struct error *error = prepare(thread), *first = NULL;

	note(thread, error ? error : let_go(thread, stop), &first);
	return first;
}

/* Until the process has begun to stop, so that its other threads do so on their way out. */
static void wait_stopped(pid_t tid)
{
	const struct timespec nap = { .tv_nsec = 50000 };

	for (unsigned i = 0; i < 2000 && !thread_is_in_state(tid, "TZX"); i++)
		nanosleep(&nap, NULL);
}

/* Those that stay stopped first. */
static void let_all_go(struct compel_thread *const *threads, const bool *stop, size_t count, struct error **first)
{
	for (size_t i = 0; stop && i < count; i++)
		if (stop[i] && !threads[i]->unreachable)
			note(threads[i], let_go(threads[i], true), first);
	for (size_t i = 0; stop && i < count; i++)
		if (stop[i] && !threads[i]->unreachable)
			wait_stopped(threads[i]->tid);
	for (size_t i = 0; i < count; i++)
		if (!(stop && stop[i]) && !threads[i]->unreachable)
			note(threads[i], let_go(threads[i], false), first);
}

static struct error *spare(struct compel_thread *thread)
{
	if (!thread->dies_with_tracer || thread->state == COMPEL_DEAD)
		return NULL;
	thread->dies_with_tracer = false;
	if (trace_number(PTRACE_SETOPTIONS, thread->tid, trace_options(thread)) == 0)
		return NULL;
	return errno == ESRCH ? thread_died(thread) : fail_errno("could not set options of thread %d", thread->tid);
}

/* The last step is as short as can be: who is spared runs when the tracer ends now, the others die. */
struct error *compel_prepare_all(struct compel_thread *const *threads, size_t count)
{
	struct error *first = NULL;

	for (size_t i = 0; i < count; i++)
		note(threads[i], prepare(threads[i]), &first);
	for (size_t i = 0; i < count && !first; i++)
		note(threads[i], spare(threads[i]), &first);
	return first;
}

struct error *compel_detach_all(struct compel_thread *const *threads, const bool *stop, size_t count)
{
	struct urgency before = { .policy = -1 };
	struct error *first = NULL;

	for (size_t i = 0; i < count; i++) {
		struct error *error = compel_prepare_all(threads + i, 1);

		if (error)
			threads[i]->unreachable = true;
		note(threads[i], error, &first);
	}
	if (count > 1)
		urgency_begin(&before);
	let_all_go(threads, stop, count, &first);
	urgency_end(&before);
	return first;
}
