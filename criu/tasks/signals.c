// SPDX-License-Identifier: GPL-2.0
/* signals: the actions of all signals. Masks travel with the registers. sigaction(2). */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "arch/arch.h"
#include "kernel/proc/status.h"
#include "tasks/part.h"

enum { SIGNAL_COUNT = 64, MASK_BYTES = 8 };

/* As the kernel's rt_sigaction() has it on x86-64. */
struct kernel_sigaction {
	uint64_t handler, flags, restorer, mask;
};

/* And the ia32 one: which of the two calls set an action decides what frame a handler gets. */
struct compat_sigaction {
	uint32_t handler, flags, restorer, mask[2];
};
enum { COMPAT_RT_SIGACTION = 174 };

static bool has_action(int signo)
{
	return signo && signo != SIGKILL && signo != SIGSTOP;
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
		if (thread->tracee.compat)
			SET(entry, compat_sigaction, true);
		core->sigactions[core->n_sigactions++] = entry;
	}
	return NULL;
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	const TaskCoreEntry *core = thread->core->tc;

	if (core->n_sigactions > SIGNAL_COUNT - 2)
		return fail("the image is damaged: %zu signal actions", core->n_sigactions);
	for (size_t i = 0; i < core->n_sigactions; i++)
		if (core->sigactions[i]->compat_sigaction && !arch_core_is_compat(thread->core))
			return fail("the image is damaged: signal actions of a 32-bit task in a 64-bit one");
	return NULL;
}

static void emit_action(int signo, const SaEntry *entry, struct batch *program)
{
	struct kernel_sigaction native = { entry->sigaction, entry->flags, entry->restorer, entry->mask };
	struct compat_sigaction compat = {
		entry->sigaction, entry->flags, entry->restorer, { entry->mask, entry->mask >> 32 }
	};

	if (entry->compat_sigaction)
		batch_call_flags(program, "signal action of a 32-bit task", COMPAT_RT_SIGACTION,
				 REMOTE_COMPAT | REMOTE_DATA(1), signo, batch_data(program, &compat, sizeof(compat)), 0,
				 MASK_BYTES);
	else
		batch_call_flags(program, "signal action", SYS_rt_sigaction, REMOTE_DATA(1), signo,
				 batch_data(program, &native, sizeof(native)), 0, MASK_BYTES);
}

/* A signal that is ignored is not pending any more. */
static void emit_drop(int signo, struct batch *program)
{
	struct kernel_sigaction ignore = { .handler = (uintptr_t)SIG_IGN }, none = { 0 };

	batch_call_flags(program, "drop exit signal", SYS_rt_sigaction, REMOTE_DATA(1), signo,
			 batch_data(program, &ignore, sizeof(ignore)), 0, MASK_BYTES);
	batch_call_flags(program, "drop exit signal", SYS_rt_sigaction, REMOTE_DATA(1), signo,
			 batch_data(program, &none, sizeof(none)), 0, MASK_BYTES);
}

/* Zombies told of their end just now. */
static void emit_drops(const struct task *task, struct batch *program)
{
	struct kernel_sigaction none = { 0 }; /* ignores this one */

	batch_call_flags(program, "drop SIGCHLD", SYS_rt_sigaction, REMOTE_DATA(1), SIGCHLD,
			 batch_data(program, &none, sizeof(none)), 0, MASK_BYTES);
	for (const struct task *child = task->first_child; child; child = child->next_sibling)
		if (child->state == TASK_DEAD && has_action(task_exit_signal(child)) && task_exit_signal(child) != SIGCHLD)
			emit_drop(task_exit_signal(child), program);
}

/* A newborn starts with all actions at their default but those that criu was started to ignore (nohup does that, and
 * posix_spawn() for two that only libc uses), so that only others need a call.
 * What helpers and zombies raised while they were being made is dropped before. */
static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const TaskCoreEntry *core = thread->core->tc;
	size_t i = 0;

	emit_drops(thread->task, program);
	for (int signo = 1; signo <= SIGNAL_COUNT && i < core->n_sigactions; signo++) {
		const SaEntry *entry = has_action(signo) ? core->sigactions[i++] : NULL;
		bool is_default = !(restore->own_status->signals_ignored >> (signo - 1) & 1);

		if (!entry || (is_default && !entry->sigaction && !entry->flags && !entry->mask))
			continue;
		emit_action(signo, entry, program);
	}
	return NULL;
}

const struct task_part signals_part = {
	.name = "signals",
	.scope = PART_ACTIONS,
	.phase = PHASE_SIGNALS,
	.ask = ask,
	.dump = dump,
	.plan = plan,
	.emit = emit,
};
