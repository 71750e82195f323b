// SPDX-License-Identifier: GPL-2.0
/* interval_timers: ITIMER_REAL, VIRTUAL and PROF. Armed last, so that restoring costs no time. */
#include <sys/syscall.h>
#include <sys/time.h>

#include "tasks/part.h"

enum { TIMER_COUNT = 3 };

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	for (unsigned which = 0; which < TIMER_COUNT; which++) {
		struct itimerval empty = { 0 };
		uint64_t place = batch_data(batch, &empty, sizeof(empty));

		batch_call_flags(batch, "interval timer", SYS_getitimer, REMOTE_DATA(1), which, place);
	}
	return NULL;
}

static ItimerEntry *to_entry(struct arena *arena, const struct itimerval *value)
{
	ItimerEntry *entry = new_message(arena, itimer_entry);

	entry->isec = value->it_interval.tv_sec;
	entry->iusec = value->it_interval.tv_usec;
	entry->vsec = value->it_value.tv_sec;
	entry->vusec = value->it_value.tv_usec;
	return entry;
}

static TaskTimersEntry *timers_of(struct dump *dump, struct thread *thread)
{
	TaskCoreEntry *core = thread->core->tc;

	if (!core->timers)
		core->timers = new_message(dump->arena, task_timers_entry);
	return core->timers;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	TaskTimersEntry *timers = timers_of(dump, thread);
	const struct itimerval *values = answer_data(answers, 0);

	timers->real = to_entry(dump->arena, &values[0]);
	timers->virt = to_entry(dump->arena, &values[1]);
	timers->prof = to_entry(dump->arena, &values[2]);
	return NULL;
}

static struct error *check(const ItimerEntry *entry)
{
	if (entry && (entry->iusec > 999999 || entry->vusec > 999999))
		return fail("the image is damaged: interval timer with %llu and %llu microseconds",
			    (unsigned long long)entry->iusec, (unsigned long long)entry->vusec);
	return NULL;
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	const TaskTimersEntry *timers = thread->core->tc->timers;

	if (!timers)
		return NULL;
	TRY(check(timers->real));
	TRY(check(timers->virt));
	return check(timers->prof);
}

static void emit_timer(struct batch *program, unsigned which, const ItimerEntry *entry)
{
	struct itimerval value;

	if (!entry || (!entry->isec && !entry->iusec && !entry->vsec && !entry->vusec))
		return;
	value = (struct itimerval){ { entry->isec, entry->iusec }, { entry->vsec, entry->vusec } };
	if (!entry->vsec && !entry->vusec) /* it fires at this very moment */
		value.it_value = value.it_interval;
	batch_call_flags(program, "interval timer", SYS_setitimer, REMOTE_DATA(1), which,
			 batch_data(program, &value, sizeof(value)), 0);
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const TaskTimersEntry *timers = thread->core->tc->timers;

	if (!timers)
		return NULL;
	emit_timer(program, ITIMER_REAL, timers->real);
	emit_timer(program, ITIMER_VIRTUAL, timers->virt);
	emit_timer(program, ITIMER_PROF, timers->prof);
	return NULL;
}

const struct task_part interval_timers_part = {
	.name = "interval_timers",
	.scope = PART_TASK,
	.phase = PHASE_GO,
	.ask = ask,
	.dump = dump,
	.plan = plan,
	.emit = emit,
};
