// SPDX-License-Identifier: GPL-2.0
// differs: thread|is new|is missing
/* Calls that wait for a length of time have slept part of it when they are saved: only the rest is left, however often.
 * None ends too early. */
#include "test.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LENGTH_MS = 9500, LATE_MS = 3500 };
static const struct timespec length = { LENGTH_MS / 1000, LENGTH_MS % 1000 * 1000000 };
static int asleep, ends[2];

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int without_rest(void)
{
	return syscall(SYS_nanosleep, &length, NULL) ? errno : 0;
}

static int with_rest(void)
{
	struct timespec rest = { 0 };

	return nanosleep(&length, &rest) ? errno : 0;
}

static int in_same_place(void)
{
	struct timespec time = length;

	return nanosleep(&time, &time) ? errno : 0;
}

static int by_clock(void)
{
	return clock_nanosleep(CLOCK_REALTIME, 0, &length, NULL);
}

static int by_boot_clock(void)
{
	return clock_nanosleep(CLOCK_BOOTTIME, 0, &length, NULL);
}

static int by_poll(void)
{
	struct pollfd one = { .fd = ends[0], .events = POLLIN };
	int result = poll(&one, 1, LENGTH_MS);

	return result < 0 ? errno : result;
}

static int by_futex(void)
{
	unsigned int word = 7;

	if (syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 7, &length, NULL, 0) == 0)
		return -1;
	return errno == ETIMEDOUT ? 0 : errno;
}

static int by_select(void)
{
	struct timespec time = length;

	return ppoll(NULL, 0, &time, NULL) ? errno : 0;
}

static const struct call {
	const char *name;
	int (*make)(void);
} calls[] = {
	{ "nanosleep", without_rest },	       { "nanosleep with rest", with_rest },
	{ "nanosleep(&t, &t)", in_same_place }, { "clock_nanosleep", by_clock },
	{ "clock_nanosleep(CLOCK_BOOTTIME)", by_boot_clock }, { "poll", by_poll },
	{ "futex", by_futex },		       { "ppoll", by_select },
};
enum { COUNT = sizeof(calls) / sizeof(calls[0]) };

static void *sleeping(void *argument)
{
	const struct call *call = argument;
	double start = now(), slept;

	__atomic_add_fetch(&asleep, 1, __ATOMIC_SEQ_CST);
	check_equal(call->make(), 0);
	slept = now() - start;
	check(slept >= LENGTH_MS / 1000.0, "%s: slept only %f s", call->name, slept);
	check(slept < (LENGTH_MS + LATE_MS) / 1000.0, "%s: slept %f s", call->name, slept);
	return NULL;
}

int main(void)
{
	pthread_t threads[COUNT];

	must(pipe(ends));
	for (int i = 0; i < COUNT; i++)
		must(-pthread_create(&threads[i], NULL, sleeping, (void *)&calls[i]));
	wait_for(asleep == COUNT);
	for (int i = 0; i < 3; i++) {
		sleep_milliseconds(1200);
		checkpoint();
	}
	check_equal(asleep, COUNT);
	for (int i = 0; i < COUNT; i++)
		pthread_join(threads[i], NULL);
	return finish();
}
