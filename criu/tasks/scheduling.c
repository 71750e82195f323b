// SPDX-License-Identifier: GPL-2.0
/* scheduling: policy, priority and nice value of each thread, and what the deadline policy and time slices of a thread's
 * own need beside. sched_setattr(2), setpriority(2). The latter in fields of our own. */
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tasks/part.h"

/* Not in the C library's headers. */
struct scheduling_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};
enum { FLAG_RESET_ON_FORK = 1, DEADLINE_FLAGS = 7, POLICY_DEADLINE = 6 };

/* The time slice that every ordinary thread has unless it asks for another (Linux 6.12; 0 before it). */
static uint64_t usual_slice(void)
{
	static struct scheduling_attributes own;

	if (!own.size && (syscall(SYS_sched_getattr, 0, &own, sizeof(own), 0) || own.policy != SCHED_OTHER))
		own = (struct scheduling_attributes){ .size = sizeof(own) };
	return own.runtime;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	ThreadCoreEntry *core = thread->core->thread_core;
	struct scheduling_attributes attributes;

	memset(&attributes, 0, sizeof(attributes));
	if (syscall(SYS_sched_getattr, thread->host_tid, &attributes, sizeof(attributes), 0))
		return fail_errno("could not read the scheduling policy of thread %d", thread->tid);
	SET(core, sched_policy, attributes.policy | (attributes.flags & FLAG_RESET_ON_FORK ? SCHED_RESET_ON_FORK : 0));
	if (attributes.policy == SCHED_FIFO || attributes.policy == SCHED_RR)
		SET(core, sched_prio, attributes.priority);
	if (attributes.policy == POLICY_DEADLINE) {
		SET(core, sched_runtime, attributes.runtime);
		SET(core, sched_deadline, attributes.deadline);
		SET(core, sched_period, attributes.period);
		SET(core, sched_flags, attributes.flags & DEADLINE_FLAGS);
	} else if ((attributes.policy == SCHED_OTHER || attributes.policy == SCHED_BATCH) && usual_slice() &&
		   attributes.runtime != usual_slice()) {
		SET(core, sched_runtime, attributes.runtime);
	}
	/* Of real-time policies too: the thread has it when it goes back to an ordinary one. */
	errno = 0;
	SET(core, sched_nice, getpriority(PRIO_PROCESS, thread->host_tid));
	return errno ? fail_errno("could not read the nice value of thread %d", thread->tid) : NULL;
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	const ThreadCoreEntry *core = thread->core->thread_core;

	if (core->has_sched_nice && (core->sched_nice < -20 || core->sched_nice > 19))
		return fail("the image is damaged: nice value %d", core->sched_nice);
	return NULL;
}

static void emit_attributes(const ThreadCoreEntry *core, struct batch *program)
{
	const struct scheduling_attributes attributes = {
		.size = sizeof(attributes),
		.policy = core->sched_policy & ~SCHED_RESET_ON_FORK,
		.flags = (core->sched_flags & DEADLINE_FLAGS) |
			 (core->sched_policy & SCHED_RESET_ON_FORK ? FLAG_RESET_ON_FORK : 0),
		.nice = core->sched_nice,
		.runtime = core->sched_runtime,
		.deadline = core->sched_deadline,
		.period = core->sched_period,
	};

	batch_call(program, "scheduling attributes", SYS_sched_setattr, 0, batch_data(program, &attributes, sizeof(attributes)), 0);
	program->calls[program->count - 1].flags |= REMOTE_DATA(1);
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const ThreadCoreEntry *core = thread->core->thread_core;
	uint32_t policy = core->sched_policy & ~SCHED_RESET_ON_FORK;
	struct sched_param parameter = { 0 };

	if (!core->has_sched_policy)
		return NULL;
	if (core->has_sched_nice && core->sched_nice != getpriority(PRIO_PROCESS, 0))
		batch_call_flags(program, "nice value", SYS_setpriority, 0, PRIO_PROCESS, 0,
				 (uint64_t)(int64_t)core->sched_nice);
	if (core->has_sched_runtime) {
		emit_attributes(core, program);
		return NULL;
	}
	if ((int)core->sched_policy == sched_getscheduler(0) && policy != SCHED_FIFO && policy != SCHED_RR)
		return NULL;
	parameter.sched_priority = core->has_sched_prio ? core->sched_prio : 0;
	batch_call_flags(program, "scheduling policy", SYS_sched_setscheduler, REMOTE_DATA(2), 0, core->sched_policy,
			 batch_data(program, &parameter, sizeof(parameter)));
	return NULL;
}

const struct task_part scheduling_part = {
	.name = "scheduling",
	.scope = PART_THREAD,
	.phase = PHASE_LIMITS,
	.dump = dump,
	.plan = plan,
	.emit = emit,
};
