// SPDX-License-Identifier: GPL-2.0
/* signals: the actions of all signals. Masks travel with the registers. sigaction(2). */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "tasks/part.h"

enum { SIGNAL_COUNT = 64, MASK_BYTES = 8 };

/* As the kernel's rt_sigaction() has it on x86-64. */
struct kernel_sigaction {
	uint64_t handler, flags, restorer, mask;
};

static bool has_action(int signo)
{
	return signo != SIGKILL && signo != SIGSTOP;
}

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	for (int signo = 1; signo <= SIGNAL_COUNT; signo++) {
		struct kernel_sigaction empty = { 0 };
		uint64_t place = batch_data(batch, &empty, sizeof(empty));

		if (has_action(signo))
			batch_call_flags(batch, "signal action", SYS_rt_sigaction, REMOTE_DATA(2), signo, 0, place,
					 MASK_BYTES);
	}
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	TaskCoreEntry *core = thread->core->tc;

	core->sigactions = arena_array(dump->arena, SaEntry *, SIGNAL_COUNT - 2);
	for (int signo = 1; signo <= SIGNAL_COUNT; signo++) {
		const struct kernel_sigaction *action = answer_data(answers, (signo - 1) * sizeof(*action));
		SaEntry *entry;

		if (!has_action(signo))
			continue;
		entry = new_message(dump->arena, sa_entry);
		entry->sigaction = action->handler;
		entry->flags = action->flags;
		entry->restorer = action->restorer;
		entry->mask = action->mask;
		core->sigactions[core->n_sigactions++] = entry;
	}
	return NULL;
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	if (thread->core->tc->n_sigactions > SIGNAL_COUNT - 2)
		return fail("the image is damaged: %zu signal actions", thread->core->tc->n_sigactions);
	for (size_t i = 0; i < thread->core->tc->n_sigactions; i++)
		if (thread->core->tc->sigactions[i]->has_compat_sigaction &&
		    thread->core->tc->sigactions[i]->compat_sigaction)
			return fail("cannot restore signal actions of a 32-bit task yet");
	return NULL;
}

/* A newborn starts with all actions at their default, so that only others need a call.
 * SIGCHLD is always set: setting it to "default" also drops the signals that helpers and
 * zombies raised while they were being made, and the real action comes after that. */
static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const TaskCoreEntry *core = thread->core->tc;
	struct kernel_sigaction none = { 0 };
	size_t i = 0;

	batch_call_flags(program, "drop SIGCHLD", SYS_rt_sigaction, REMOTE_DATA(1), SIGCHLD,
			 batch_data(program, &none, sizeof(none)), 0, MASK_BYTES);
	for (int signo = 1; signo <= SIGNAL_COUNT && i < core->n_sigactions; signo++) {
		const SaEntry *entry = has_action(signo) ? core->sigactions[i++] : NULL;
		struct kernel_sigaction action;

		if (!entry || (!entry->sigaction && !entry->flags && !entry->mask))
			continue;
		action = (struct kernel_sigaction){ entry->sigaction, entry->flags, entry->restorer, entry->mask };
		batch_call_flags(program, "signal action", SYS_rt_sigaction, REMOTE_DATA(1), signo,
				 batch_data(program, &action, sizeof(action)), 0, MASK_BYTES);
	}
	return NULL;
}

const struct task_part signals_part = {
	.name = "signals",
	.scope = PART_TASK,
	.phase = PHASE_SIGNALS,
	.ask = ask,
	.dump = dump,
	.plan = plan,
	.emit = emit,
};
