// SPDX-License-Identifier: GPL-2.0
/*
 * Sleeps: how much is left of a call that waits for a length of time. The kernel keeps the end of nanosleep, poll and a
 * futex's wait in the thread's restart block, which nobody can read. What can be known:
 *
 *   - nanosleep with a place for the rest: the kernel has written it there when it was interrupted;
 *   - a thread that an earlier run has interrupted carries the end with it (model/sleep_mark.h);
 *   - any other fell asleep when it last left a processor. /proc/TID/sched tells when it last came to one, and must be
 *     asked before the thread is stopped. A wake-up for nothing makes that later than the truth, so a sleep
 *     is at worst too long, which every one of these calls allows.
 *
 * A call that was interrupted before, by a stop signal or an earlier dump, goes on as restart_syscall. Which call it
 * was is told by the kernel function in which it sleeps (/proc/TID/stack), or by the instruction before it.
 * Runs in main.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arch/arch.h"
#include "dump/stages.h"
#include "kernel/proc/status.h"
#include "kernel/proc/task.h"
#include "model/context.h"
#include "model/sleep_mark.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"
#include "support/options.h"

enum { NS_PER_SECOND = 1000000000 };

struct sleep {
	pid_t tid;
	long named; /* the call in truth, if it is told as restart_syscall */
	struct arch_call call;
	int64_t since;	   /* CLOCK_MONOTONIC in ns, while being noted the processor's own clock; 0: not known */
	int processor;	   /* on which it last ran */
	uint64_t switches; /* how often it had left a processor */
};

struct sleeps {
	struct sleep *entries; /* ascending tids */
	size_t count, capacity;
};

static int64_t nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * NS_PER_SECOND + time->tv_nsec;
}

static int64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return nanoseconds(&now);
}

/* ---- before the freeze ---- */

/* A file of a thread; NULL when it is gone or tells us nothing. */
static char *thread_file(pid_t pid, pid_t tid, const char *name)
{
	char path[64], *text = NULL;
	struct error *error;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	error = read_file_at(AT_FDCWD, path, &text, NULL);
	if (!error)
		return text;
	error_free(error);
	return NULL;
}

/* Clocks whose time passes while a thread sleeps; those of processes' own time are not among them. */
static bool is_wall_clock(int64_t clock)
{
	switch ((int32_t)clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
	case CLOCK_TAI:
		return true;
	default:
		return false;
	}
}

/* Does the call wait for a length of time, and does the kernel go on with it when it is interrupted? */
static bool is_sleep(const struct arch_call *call, long number)
{
	switch (number) {
	case SYS_nanosleep:
		return true;
	case SYS_clock_nanosleep:
		return is_wall_clock((int64_t)call->arg[0]) && !((int)call->arg[1] & TIMER_ABSTIME);
	case SYS_poll:
		return (int)call->arg[2] > 0;
	case SYS_futex:
		return (call->arg[1] & FUTEX_CMD_MASK) == FUTEX_WAIT && call->arg[3];
	default:
		return false;
	}
}

/* Both calls that sleep end up in the same function; a clock is a small number, and no address is. */
static long which_sleep(const struct arch_call *call)
{
	return call->arg[0] < 4096 ? SYS_clock_nanosleep : SYS_nanosleep;
}

static long name_by_stack(pid_t pid, pid_t tid, const struct arch_call *call)
{
	cleanup_free char *stack = thread_file(pid, tid, "stack");

	if (!stack)
		return SYS_restart_syscall;
	if (strstr(stack, " posix_cpu_nsleep_restart+"))
		return SYS_clock_nanosleep;
	if (strstr(stack, " do_restart_poll+"))
		return SYS_poll;
	if (strstr(stack, " futex_wait_restart+"))
		return SYS_futex;
	/* The functions that sleep until a timer belong to the scheduler, which is not shown: nothing else is. */
	if (strstr(stack, "_syscall") && strstr(stack, "_syscall") < stack + strcspn(stack, "\n"))
		return which_sleep(call);
	return SYS_restart_syscall;
}

/* A value of /proc/TID/sched with that many digits behind the point; -1: not there. */
static int64_t sched_value(const char *text, const char *key)
{
	const char *line = strstr(text, key), *value = line ? strchr(line, ':') : NULL;
	long long whole, part = 0;

	if (!value)
		return -1;
	sscanf(value + 1, "%lld.%lld", &whole, &part);
	return strchr(value, '.') && strchr(value, '.') < value + strcspn(value, "\n") ? whole * 1000000 + part : whole;
}

/* The field of /proc/TID/stat, behind the name in parentheses: 39 in proc(5). */
static int last_processor(pid_t pid, pid_t tid)
{
	cleanup_free char *text = thread_file(pid, tid, "stat");
	const char *place = text ? strrchr(text, ')') : NULL;

	for (int field = 2; place && field < 39; field++)
		place = strchr(place + 1, ' ');
	return place ? atoi(place) : -1;
}

static void find_begin(pid_t pid, struct sleep *sleep)
{
	cleanup_free char *sched = thread_file(pid, sleep->tid, "sched");
	int64_t started, switches;

	if (!sched)
		return;
	started = sched_value(sched, "se.exec_start ");
	switches = sched_value(sched, "nr_switches ");
	sleep->processor = last_processor(pid, sleep->tid);
	if (started <= 0 || switches < 0 || sleep->processor < 0)
		return;
	sleep->since = started;
	sleep->switches = (uint64_t)switches;
}

static void note_thread(struct dump *dump, pid_t pid, pid_t tid)
{
	struct sleeps *sleeps = dump->sleeps;
	cleanup_free char *text = thread_file(pid, tid, "syscall");
	struct sleep sleep = { .tid = tid };
	struct arch_call *call = &sleep.call;

	if (!text || sscanf(text, "%ld %lx %lx %lx %lx %lx %lx %lx %lx", &call->number, &call->arg[0], &call->arg[1],
			    &call->arg[2], &call->arg[3], &call->arg[4], &call->arg[5], &call->stack, &call->behind) != 9)
		return; /* it runs */
	sleep.named = call->number;
	if (call->number == SYS_restart_syscall)
		sleep.named = name_by_stack(pid, tid, call);
	if (is_sleep(call, sleep.named))
		find_begin(pid, &sleep);
	else if (call->number != SYS_restart_syscall)
		return;
	*arena_append(dump->arena, sleeps->entries, sleeps->count, sleeps->capacity) = sleep;
}

/* Processes come and go meanwhile: what is not found is not noted. */
static void note_process(struct dump *dump, pid_t pid)
{
	size_t thread_count = 0, count = 0;
	pid_t *tids, *children;
	struct error *error = proc_threads_read(pid, dump->arena, &tids, &thread_count);

	for (size_t i = 0; !error && i < thread_count; i++) {
		note_thread(dump, pid, tids[i]);
		error = proc_children_read(pid, tids[i], dump->arena, &children, &count);
		for (size_t j = 0; !error && j < count; j++)
			note_process(dump, children[j]);
	}
	error_free(error);
}

static int by_tid(const void *a, const void *b)
{
	const struct sleep *one = a, *other = b;

	return one->tid < other->tid ? -1 : one->tid > other->tid;
}

/*
 * By how much CLOCK_MONOTONIC is ahead of a processor's own clock, found by running there: its clock leaves out the
 * time that interrupts took, so each has its own. What is read is at most a little earlier than now. 0: not found.
 */
static int64_t clock_offset(int processor)
{
	cleanup_free char *sched = NULL;
	cpu_set_t one;
	int64_t started;

	if (processor >= CPU_SETSIZE)
		return 0;
	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return 0;
	sched_yield();
	sched = thread_file(getpid(), getpid(), "sched");
	started = sched ? sched_value(sched, "se.exec_start ") : -1;
	return started > 0 ? monotonic() - started : 0;
}

static void translate(struct sleeps *sleeps)
{
	cpu_set_t before;

	if (!sleeps->count || sched_getaffinity(0, sizeof(before), &before))
		return;
	for (size_t i = 0; i < sleeps->count; i++) {
		int processor = sleeps->entries[i].processor;
		int64_t offset;

		if (!sleeps->entries[i].since || processor < 0)
			continue;
		offset = clock_offset(processor);
		for (size_t j = i; j < sleeps->count; j++) {
			struct sleep *sleep = &sleeps->entries[j];

			if (!sleep->since || sleep->processor != processor)
				continue;
			sleep->since = offset ? sleep->since + offset : 0;
			sleep->processor = -1;
		}
	}
	sched_setaffinity(0, sizeof(before), &before);
}

void sleeps_note(struct dump *dump)
{
	dump->sleeps = arena_new(dump->arena, struct sleeps);
	note_process(dump, dump->criu->options->tree);
	if (dump->sleeps->count)
		qsort(dump->sleeps->entries, dump->sleeps->count, sizeof(struct sleep), by_tid);
	translate(dump->sleeps);
}

/* ---- while the thread stands ---- */

static const struct sleep *find_sleep(const struct dump *dump, const struct thread *thread, const struct arch_call *call)
{
	const struct sleep key = { .tid = thread->host_tid };
	const struct sleep *sleep;

	if (!dump->sleeps || !dump->sleeps->count)
		return NULL;
	sleep = bsearch(&key, dump->sleeps->entries, dump->sleeps->count, sizeof(key), by_tid);
	if (!sleep || sleep->call.stack != call->stack || sleep->call.behind != call->behind ||
	    memcmp(sleep->call.arg, call->arg, sizeof(call->arg)) != 0)
		return NULL;
	return sleep;
}

/* mov $number, %eax right before the instruction: the wrappers of C libraries. */
static long name_by_code(const struct thread *thread, const struct arch_call *call)
{
	unsigned char code[7];
	struct error *error = compel_read(thread->tracee.tid, remote(call->behind - sizeof(code)), code, sizeof(code));
	uint32_t number;

	if (error) {
		error_free(error);
		return SYS_restart_syscall;
	}
	memcpy(&number, code + 1, sizeof(number));
	if (code[0] != 0xb8 || !arch_is_call(code + 5) ||
	    (number != SYS_nanosleep && number != SYS_clock_nanosleep && number != SYS_poll && number != SYS_futex))
		return SYS_restart_syscall;
	return number;
}

static bool read_time(const struct thread *thread, uint64_t address, int64_t *length)
{
	struct timespec time;
	struct error *error = compel_read(thread->tracee.tid, remote(address), &time, sizeof(time));

	if (error) {
		error_free(error);
		return false;
	}
	if (time.tv_sec < 0 || time.tv_sec > INT32_MAX || time.tv_nsec < 0 || time.tv_nsec >= NS_PER_SECOND)
		return false; /* a sleep for ever, or none */
	*length = nanoseconds(&time);
	return true;
}

enum knowledge { NOTHING, LENGTH, REST };

/* The length that the program asked for, or what the kernel says is left of it. */
static enum knowledge read_length(const struct thread *thread, const struct arch_call *call, long number, int64_t *length)
{
	uint64_t asked, rest = 0;

	switch (number) {
	case SYS_poll:
		*length = (int64_t)(int)call->arg[2] * 1000000;
		return LENGTH;
	case SYS_futex:
		asked = call->arg[3];
		break;
	case SYS_nanosleep:
		asked = call->arg[0], rest = call->arg[1];
		break;
	default:
		asked = call->arg[2], rest = call->arg[3];
		break;
	}
	if (rest == asked)
		return NOTHING; /* it begins again with what is left, as it stands there */
	if (rest)
		return read_time(thread, rest, length) ? REST : NOTHING;
	return read_time(thread, asked, length) ? LENGTH : NOTHING;
}

/* Whose mark is it that the thread carries? restart_syscall: nobody's. */
static long name_by_mark(uint64_t mark, const struct thread *thread, const struct arch_call *call)
{
	static const long numbers[] = { SYS_nanosleep, SYS_clock_nanosleep, SYS_poll, SYS_futex };
	struct arch_call candidate = *call;

	for (size_t i = 0; mark && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		candidate.number = numbers[i];
		if (sleep_mark_fits(mark, thread->host_tid, &candidate))
			return numbers[i];
	}
	return SYS_restart_syscall;
}

/* What is left of a length by all that is known; negative: nothing is. A mark that is over is one that the thread had
 * before. */
static int64_t find_left(const struct dump *dump, const struct thread *thread, const struct sleep *sleep, uint64_t mark,
			 int64_t length)
{
	int64_t left = mark ? sleep_mark_end(mark) - monotonic() : 0;

	if (left > 0 && left < length)
		return left;
	if (!sleep || !sleep->since || thread->status->switches > sleep->switches + 1)
		return -1;
	left = length - ((int64_t)dump->freeze_start_us * 1000 - sleep->since);
	return left < 0 ? 0 : left > length ? length : left;
}

/* The tree may run on: then the next dump finds a call that goes on. */
static void set_mark(const struct thread *thread, const struct arch_call *call, int64_t left)
{
	error_ignore(compel_set_mark(&thread->tracee, sleep_mark(thread->host_tid, call, monotonic() + left)),
		     "the end of a sleep");
}

void sleeps_settle(const struct dump *dump, struct thread *thread)
{
	struct arch_call call;
	const struct sleep *sleep;
	uint64_t mark = 0;
	int64_t length, left;
	enum knowledge knowledge;

	if (!arch_call_goes_on(thread->core, &call))
		return;
	sleep = find_sleep(dump, thread, &call);
	if (call.number == SYS_restart_syscall) {
		mark = compel_get_mark(&thread->tracee);
		call.number = name_by_mark(mark, thread, &call);
		if (call.number == SYS_restart_syscall) {
			mark = 0;
			if (sleep && sleep->named != SYS_restart_syscall)
				call.number = sleep->named;
			else
				call.number = name_by_code(thread, &call);
		}
		arch_name_call(thread->core, call.number);
	}
	if (!is_sleep(&call, call.number))
		return;
	knowledge = read_length(thread, &call, call.number, &length);
	left = knowledge == LENGTH ? find_left(dump, thread, sleep, mark, length) : length;
	if (knowledge == NOTHING || left < 0)
		return;
	log_debug("thread %d sleeps for another %lld ns of %lld", thread->tid, (long long)left, (long long)length);
	SET(thread->core->thread_core, call_left, (uint64_t)left);
	if (knowledge == LENGTH && !mark && dump->criu->options->leave_running)
		set_mark(thread, &call, left);
}
