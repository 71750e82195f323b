// SPDX-License-Identifier: GPL-2.0
/* dumpable: may the process leave a core file and be traced. PR_SET_DUMPABLE, after the credentials. */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tasks/part.h"

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	batch_call_flags(batch, "dumpable flag", SYS_prctl, 0, PR_GET_DUMPABLE);
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	SET(thread->task->mm, dumpable, answer_result(answers, 0));
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const MmEntry *mm = thread->task->mm;

	/* 2 (readable by root only) cannot be set: it follows from a change of credentials. */
	if (mm->has_dumpable && (mm->dumpable == 0 || mm->dumpable == 1))
		batch_call_flags(program, "dumpable flag", SYS_prctl, 0, PR_SET_DUMPABLE, mm->dumpable);
	else if (mm->has_dumpable)
		batch_call_flags(program, "dumpable flag", SYS_prctl, 0, PR_SET_DUMPABLE, 0);
	return NULL;
}

const struct task_part dumpable_part = {
	.name = "dumpable",
	.scope = PART_TASK,
	.phase = PHASE_CREDENTIALS,
	.ask = ask,
	.dump = dump,
	.emit = emit,
};
