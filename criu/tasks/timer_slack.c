// SPDX-License-Identifier: GPL-2.0
/* timer_slack: by how much the kernel may delay a thread's timers. PR_SET_TIMERSLACK; a field of our own. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "support/cleanup.h"
#include "support/file.h"
#include "tasks/part.h"

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	batch_call(batch, "timer slack", SYS_prctl, PR_GET_TIMERSLACK);
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	SET(thread->core->thread_core, timer_slack, answer_result(answers, 0));
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const ThreadCoreEntry *core = thread->core->thread_core;

	/* 0 would mean "the default": real-time threads have that and need nothing. */
	if (core->has_timer_slack && core->timer_slack)
		batch_call(program, "timer slack", SYS_prctl, PR_SET_TIMERSLACK, core->timer_slack);
	return NULL;
}

const struct task_part timer_slack_part = {
	.name = "timer_slack",
	.scope = PART_THREAD,
	.phase = PHASE_LIMITS,
	.ask = ask,
	.dump = dump,
	.emit = emit,
};
