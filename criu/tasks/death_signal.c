// SPDX-License-Identifier: GPL-2.0
/* death_signal: the signal a thread gets when its parent ends. Changes of credentials clear it, so it comes after them.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tasks/part.h"

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	uint64_t empty = 0;
	uint64_t place = batch_data(batch, &empty, sizeof(empty));

	batch_call_flags(batch, "parent death signal", SYS_prctl, REMOTE_DATA(1), PR_GET_PDEATHSIG, place);
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	int signo = *(const int *)answer_data(answers, 0);

	if (signo)
		SET(thread->core->thread_core, pdeath_sig, signo);
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const ThreadCoreEntry *core = thread->core->thread_core;

	/* A newborn has one of its own until here. */
	if (core->has_pdeath_sig || thread == task_leader(thread->task))
		batch_call_flags(program, "parent death signal", SYS_prctl, 0, PR_SET_PDEATHSIG, core->pdeath_sig);
	return NULL;
}

const struct task_part death_signal_part = {
	.name = "death_signal",
	.scope = PART_THREAD,
	.phase = PHASE_CREDENTIALS,
	.ask = ask,
	.dump = dump,
	.emit = emit,
};
