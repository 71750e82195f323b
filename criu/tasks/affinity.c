// SPDX-License-Identifier: GPL-2.0
/*
 * affinity: the processors a thread may run on. sched_setaffinity(2); a field of our own. On another
 * machine, processors that are not there are passed over; with none left the thread may run anywhere.
 */
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tasks/part.h"

enum { MASK_BYTES = 1024 };

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	uint8_t mask[MASK_BYTES];
	long length = syscall(SYS_sched_getaffinity, thread->host_tid, sizeof(mask), mask);

	if (length < 0)
		return fail_errno("could not read the processors of thread %d", thread->tid);
	while (length > 8 && !mask[length - 1])
		length--;
	thread->core->thread_core->has_cpu_affinity = true;
	thread->core->thread_core->cpu_affinity.len = length;
	thread->core->thread_core->cpu_affinity.data = arena_copy(dump->arena, mask, length);
	return NULL;
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	if (thread->core->thread_core->has_cpu_affinity && thread->core->thread_core->cpu_affinity.len > MASK_BYTES)
		return fail("the image is damaged: processor mask of %zu bytes",
			    thread->core->thread_core->cpu_affinity.len);
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const ThreadCoreEntry *core = thread->core->thread_core;
	uint8_t now[MASK_BYTES] = { 0 }, wanted[MASK_BYTES] = { 0 };

	if (!core->has_cpu_affinity || syscall(SYS_sched_getaffinity, 0, sizeof(now), now) < 0)
		return NULL;
	memcpy(wanted, core->cpu_affinity.data, core->cpu_affinity.len);
	if (memcmp(now, wanted, sizeof(now)))
		batch_call_flags(program, "processors", SYS_sched_setaffinity, REMOTE_DATA(2) | REMOTE_MAY_FAIL, 0,
				 sizeof(wanted), batch_data(program, wanted, sizeof(wanted)));
	return NULL;
}

const struct task_part affinity_part = {
	.name = "affinity",
	.scope = PART_THREAD,
	.phase = PHASE_LIMITS,
	.dump = dump,
	.plan = plan,
	.emit = emit,
};
