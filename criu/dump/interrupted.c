// SPDX-License-Identifier: GPL-2.0
/* Interrupted: what becomes of a system call in which a thread was stopped. */
#include <signal.h>
#include <string.h>

#include "arch/arch.h"
#include "dump/stages.h"

/* The action of a signal as signals.c has saved it: KILL and STOP have none. */
static const SaEntry *action_of(const struct thread *thread, int signo)
{
	const TaskCoreEntry *core = task_leader(thread->task)->core->tc;
	size_t index = (size_t)signo - 1 - (signo > SIGKILL) - (signo > SIGSTOP);

	if (signo == SIGKILL || signo == SIGSTOP || index >= core->n_sigactions)
		return NULL;
	return core->sigactions[index];
}

static enum arch_delivery delivery_by(const struct thread *thread, int signo)
{
	const SaEntry *action = action_of(thread, signo);
	bool blocked = thread->tracee.blocked >> (signo - 1) & 1;

	/* SIG_DFL is 0 and SIG_IGN is 1. */
	if (blocked || !action || action->sigaction <= 1)
		return ARCH_NO_HANDLER;
	return action->flags & SA_RESTART ? ARCH_HANDLER_RESTART : ARCH_HANDLER;
}

void settle_interrupted(struct dump *dump, struct thread *thread)
{
	const SignalQueueEntry *queue = thread->core->thread_core->signals_p;
	enum arch_delivery delivery = ARCH_NO_HANDLER;

	for (size_t i = 0; queue && i < queue->n_signals && delivery == ARCH_NO_HANDLER; i++) {
		int signo;

		memcpy(&signo, queue->signals[i]->siginfo.data, sizeof(signo));
		delivery = delivery_by(thread, signo);
	}
	if (delivery == ARCH_NO_HANDLER)
		sleeps_settle(dump, thread);
	arch_settle_call(thread->core, delivery);
}
