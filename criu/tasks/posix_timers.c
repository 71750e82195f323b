// SPDX-License-Identifier: GPL-2.0
/*
 * posix_timers: timer_create(2) timers. Which there are comes from /proc/PID/timers, what
 * they hold from inside. They are created with their ids in PHASE_LIMITS and armed by
 * the calls that arm_posix_timers() appends in PHASE_GO.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "kernel/proc/timers.h"
#include "tasks/part.h"
#include "tasks/posix_timers.h"

#ifndef PR_TIMER_CREATE_RESTORE_IDS
#define PR_TIMER_CREATE_RESTORE_IDS 77
enum { PR_TIMER_CREATE_RESTORE_IDS_OFF, PR_TIMER_CREATE_RESTORE_IDS_ON, PR_TIMER_CREATE_RESTORE_IDS_GET };
#endif

static struct error *read_timers(struct thread *thread, struct arena *arena, struct proc_timer **timers, size_t *count)
{
	return proc_timers_read(thread->task->host_pid, arena, timers, count);
}

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	struct proc_timer *timers;
	size_t count;

	TRY(read_timers(thread, dump->arena, &timers, &count));
	for (size_t i = 0; i < count; i++) {
		struct itimerspec empty = { 0 };
		uint64_t place = batch_data(batch, &empty, sizeof(empty));

		batch_call_flags(batch, "POSIX timer", SYS_timer_gettime, REMOTE_DATA(1), timers[i].id, place);
		batch_call_flags(batch, "POSIX timer overrun", SYS_timer_getoverrun, 0, timers[i].id);
	}
	return NULL;
}

static PosixTimerEntry *to_entry(struct arena *arena, const struct proc_timer *timer, const struct itimerspec *value,
				 int64_t overrun)
{
	PosixTimerEntry *entry = new_message(arena, posix_timer_entry);

	entry->it_id = timer->id;
	entry->clock_id = timer->clock_id;
	entry->si_signo = timer->signal;
	entry->sival_ptr = timer->value;
	entry->it_sigev_notify = timer->notify;
	entry->overrun = overrun > 0 ? overrun : 0;
	entry->isec = value->it_interval.tv_sec;
	entry->insec = value->it_interval.tv_nsec;
	entry->vsec = value->it_value.tv_sec;
	entry->vnsec = value->it_value.tv_nsec;
	if (timer->notify & SIGEV_THREAD_ID)
		SET(entry, notify_thread_id, timer->notify_pid);
	return entry;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	TaskCoreEntry *core = thread->core->tc;
	struct proc_timer *timers;
	size_t count;

	TRY(read_timers(thread, dump->arena, &timers, &count));
	if (!core->timers)
		core->timers = new_message(dump->arena, task_timers_entry);
	core->timers->posix = arena_array(dump->arena, PosixTimerEntry *, count);
	for (size_t i = 0; i < count; i++) {
		const struct itimerspec *value = answer_data(answers, i * sizeof(*value));

		core->timers->posix[i] = to_entry(dump->arena, &timers[i], value, answer_result(answers, i * 2 + 1));
	}
	core->timers->n_posix = count;
	return NULL;
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	const TaskTimersEntry *timers = thread->core->tc->timers;

	for (size_t i = 0; timers && i < timers->n_posix; i++) {
		const PosixTimerEntry *entry = timers->posix[i];

		if (entry->insec > 999999999 || entry->vnsec > 999999999)
			return fail("the image is damaged: POSIX timer %u has an impossible time", entry->it_id);
	}
	return NULL;
}

static int compare_ids(const void *a, const void *b)
{
	const PosixTimerEntry *const *x = a, *const *y = b;

	return (*x)->it_id < (*y)->it_id ? -1 : (*x)->it_id > (*y)->it_id;
}

/* Without the kernel's help ids only count up, so timers are made in the order of their ids. */
static void emit_create(struct batch *program, const PosixTimerEntry *entry, pid_t pid, bool ids_can_be_asked)
{
	uint64_t id = entry->it_id;
	struct sigevent event;
	size_t place;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = entry->it_sigev_notify;
	event.sigev_signo = entry->si_signo;
	event.sigev_value.sival_ptr = (void *)entry->sival_ptr;
	if (entry->it_sigev_notify & SIGEV_THREAD_ID)
		event._sigev_un._tid = entry->has_notify_thread_id ? entry->notify_thread_id : pid;
	place = batch_data(program, &event, sizeof(event));
	if (ids_can_be_asked)
		batch_call_flags(program, "POSIX timer", SYS_timer_create, REMOTE_DATA(1) | REMOTE_DATA(2),
				 (int64_t)(int32_t)entry->clock_id, place, batch_data(program, &id, sizeof(id)));
	else
		batch_call_flags(program, "POSIX timer", REMOTE_POSIX_TIMER, REMOTE_DATA(1),
				 (int64_t)(int32_t)entry->clock_id, place, id);
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const TaskTimersEntry *timers = thread->core->tc->timers;
	/* Linux 6.15: timer_create() takes the wanted id from where it would put the new one. */
	bool ids_can_be_asked = prctl(PR_TIMER_CREATE_RESTORE_IDS, PR_TIMER_CREATE_RESTORE_IDS_GET, 0, 0, 0) >= 0;

	if (!timers || !timers->n_posix)
		return NULL;
	qsort(timers->posix, timers->n_posix, sizeof(*timers->posix), compare_ids);
	if (ids_can_be_asked)
		batch_call(program, "POSIX timer ids", SYS_prctl, PR_TIMER_CREATE_RESTORE_IDS,
			   PR_TIMER_CREATE_RESTORE_IDS_ON, 0, 0, 0);
	for (size_t i = 0; i < timers->n_posix; i++)
		emit_create(program, timers->posix[i], thread->task->pid, ids_can_be_asked);
	if (ids_can_be_asked)
		batch_call(program, "POSIX timer ids", SYS_prctl, PR_TIMER_CREATE_RESTORE_IDS,
			   PR_TIMER_CREATE_RESTORE_IDS_OFF, 0, 0, 0);
	return NULL;
}

void arm_posix_timers(const struct thread *leader, struct batch *program)
{
	const TaskTimersEntry *timers = leader->core->tc->timers;

	for (size_t i = 0; timers && i < timers->n_posix; i++) {
		const PosixTimerEntry *entry = timers->posix[i];
		struct itimerspec value = { { entry->isec, entry->insec }, { entry->vsec, entry->vnsec } };

		if (!entry->vsec && !entry->vnsec) {
			if (!entry->isec && !entry->insec)
				continue; /* not armed */
			value.it_value = value.it_interval;
		}
		batch_call_flags(program, "POSIX timer", SYS_timer_settime, REMOTE_DATA(2), entry->it_id, 0,
				 batch_data(program, &value, sizeof(value)), 0);
	}
}

const struct task_part posix_timers_part = {
	.name = "posix_timers",
	.scope = PART_TASK,
	.phase = PHASE_LIMITS,
	.ask = ask,
	.dump = dump,
	.plan = plan,
	.emit = emit,
};
