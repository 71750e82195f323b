// SPDX-License-Identifier: GPL-2.0
/* child_subreaper: does the process adopt orphaned descendants. PR_SET_CHILD_SUBREAPER. */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tasks/part.h"

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	uint64_t empty = 0;
	uint64_t place = batch_data(batch, &empty, sizeof(empty));

	batch_call_flags(batch, "child subreaper", SYS_prctl, REMOTE_DATA(1), PR_GET_CHILD_SUBREAPER, place);
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	SET(thread->core->tc, child_subreaper, *(const int *)answer_data(answers, 0) != 0);
	return NULL;
}

/* Set both ways: a newborn may have been made a subreaper for a helper's children. */
static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const TaskCoreEntry *core = thread->core->tc;
	bool wanted = core->has_child_subreaper && core->child_subreaper;

	batch_call_flags(program, "child subreaper", SYS_prctl, 0, PR_SET_CHILD_SUBREAPER, wanted);
	return NULL;
}

const struct task_part child_subreaper_part = {
	.name = "child_subreaper",
	.scope = PART_TASK,
	.phase = PHASE_CREDENTIALS,
	.ask = ask,
	.dump = dump,
	.emit = emit,
};
