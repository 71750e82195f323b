// SPDX-License-Identifier: GPL-2.0
/*
 * limits: resource limits. Asked inside the task, because prlimit(2) on another user's
 * process needs CAP_SYS_RESOURCE. On the way back only limits that differ are set, and a
 * hard limit that would have to be raised without the right to do so is refused in plan.
 */
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "tasks/part.h"

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit empty = { 0 };
		uint64_t place = batch_data(batch, &empty, sizeof(empty));

		batch_call_flags(batch, "resource limit", SYS_prlimit64, REMOTE_DATA(3), 0, i, 0, place);
	}
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	TaskRlimitsEntry *limits = new_message(dump->arena, task_rlimits_entry);

	limits->rlimits = arena_array(dump->arena, RlimitEntry *, RLIM_NLIMITS);
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		const struct rlimit *limit = answer_data(answers, i * sizeof(*limit));
		RlimitEntry *entry = new_message(dump->arena, rlimit_entry);

		entry->cur = limit->rlim_cur;
		entry->max = limit->rlim_max;
		limits->rlimits[limits->n_rlimits++] = entry;
	}
	thread->core->tc->rlimits = limits;
	return NULL;
}

static bool may_raise(void)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	if (caps) {
		cap_get_flag(caps, CAP_SYS_RESOURCE, CAP_EFFECTIVE, &value);
		cap_free(caps);
	}
	return value == CAP_SET;
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	const TaskRlimitsEntry *limits = thread->core->tc->rlimits;

	if (limits && limits->n_rlimits > RLIM_NLIMITS)
		return fail("the image is damaged: %zu resource limits", limits->n_rlimits);
	for (size_t i = 0; limits && i < limits->n_rlimits; i++) {
		struct rlimit now;

		if (getrlimit(i, &now) || limits->rlimits[i]->max <= now.rlim_max || may_raise())
			continue;
		return with_hint(fail("cannot raise the hard resource limit %zu of task %d from %llu to %llu", i,
				      thread->task->pid, (unsigned long long)now.rlim_max,
				      (unsigned long long)limits->rlimits[i]->max),
				 "Run criu with CAP_SYS_RESOURCE, or raise its own hard limit before the restore.");
	}
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const TaskRlimitsEntry *limits = thread->core->tc->rlimits;

	for (size_t i = 0; limits && i < limits->n_rlimits; i++) {
		const RlimitEntry *entry = limits->rlimits[i];
		struct rlimit now, wanted = { entry->cur < entry->max ? entry->cur : entry->max, entry->max };

		if (!getrlimit(i, &now) && now.rlim_cur == wanted.rlim_cur && now.rlim_max == wanted.rlim_max)
			continue;
		batch_call_flags(program, "resource limit", SYS_prlimit64, REMOTE_DATA(2), 0, i,
				 batch_data(program, &wanted, sizeof(wanted)), 0);
	}
	return NULL;
}

const struct task_part limits_part = {
	.name = "limits",
	.scope = PART_TASK,
	.phase = PHASE_LIMITS,
	.ask = ask,
	.dump = dump,
	.plan = plan,
	.emit = emit,
};
