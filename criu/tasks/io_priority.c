// SPDX-License-Identifier: GPL-2.0
/* io_priority: class and level of a thread's disk accesses. ioprio_set(2); a field of our own. */
#include <sys/syscall.h>
#include <unistd.h>

#include "tasks/part.h"

enum { WHO_THREAD = 1, CLASS_SHIFT = 13 };

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	long priority = syscall(SYS_ioprio_get, WHO_THREAD, thread->host_tid);

	if (priority < 0)
		return fail_errno("could not read the I/O priority of thread %d", thread->tid);
	/* Without a class of its own it follows from the nice value. */
	if (priority >> CLASS_SHIFT)
		SET(thread->core->thread_core, io_priority, priority);
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const ThreadCoreEntry *core = thread->core->thread_core;

	if (core->has_io_priority && core->io_priority != (uint32_t)syscall(SYS_ioprio_get, WHO_THREAD, 0))
		batch_call(program, "I/O priority", SYS_ioprio_set, WHO_THREAD, 0, core->io_priority);
	return NULL;
}

const struct task_part io_priority_part = {
	.name = "io_priority",
	.scope = PART_THREAD,
	.phase = PHASE_LIMITS,
	.dump = dump,
	.emit = emit,
};
