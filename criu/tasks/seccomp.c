// SPDX-License-Identifier: GPL-2.0
/* seccomp: the system call filter mode of a thread. Threads under a filter are refused for now. */
#include "kernel/proc/status.h"
#include "tasks/part.h"

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	if (!thread->status->seccomp)
		return NULL;
	return with_hint(
	    fail("cannot save thread %d: it runs under seccomp (mode %d)", thread->tid, thread->status->seccomp),
	    "Start the program without a seccomp filter (for containers: seccomp=unconfined).");
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	const ThreadCoreEntry *core = thread->core->thread_core;

	if (!core->has_seccomp_mode || core->seccomp_mode == SECCOMP_MODE__disabled)
		return NULL;
	return with_hint(fail("cannot restore thread %d: the image has a seccomp filter", thread->tid),
			 "Dump the program without seccomp.");
}

const struct task_part seccomp_part = {
	.name = "seccomp",
	.scope = PART_THREAD,
	.phase = PHASE_SECCOMP,
	.dump = dump,
	.plan = plan,
};
