// SPDX-License-Identifier: GPL-2.0
/*
 * syscall_dispatch: syscall user dispatch of each thread, which turns system calls outside
 * of a range of addresses into signals (prctl(2), Linux 5.11; the tracer's requests: 6.4).
 * The agent switches it off and remembers it while it is in a thread; a restored thread
 * gets it back with its registers, for its program makes calls. Kept in fields of our own.
 */
#include "tasks/syscall_dispatch.h"

#include "tasks/part.h"

enum { MODE, SELECTOR, OFFSET, LENGTH }; /* of compel_thread.dispatch */

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	ThreadCoreEntry *core = thread->core->thread_core;
	const uint64_t *dispatch = thread->tracee.dispatch;

	if (!dispatch[MODE])
		return NULL;
	SET(core, dispatch_mode, dispatch[MODE]);
	SET(core, dispatch_selector, dispatch[SELECTOR]);
	SET(core, dispatch_offset, dispatch[OFFSET]);
	SET(core, dispatch_length, dispatch[LENGTH]);
	return NULL;
}

void syscall_dispatch_restore(struct thread *thread)
{
	const ThreadCoreEntry *core = thread->core->thread_core;

	thread->tracee.dispatch[MODE] = core->dispatch_mode;
	thread->tracee.dispatch[SELECTOR] = core->dispatch_selector;
	thread->tracee.dispatch[OFFSET] = core->dispatch_offset;
	thread->tracee.dispatch[LENGTH] = core->dispatch_length;
}

const struct task_part syscall_dispatch_part = {
	.name = "syscall_dispatch",
	.scope = PART_THREAD,
	.phase = PHASE_GO,
	.dump = dump,
};
