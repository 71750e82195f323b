// SPDX-License-Identifier: GPL-2.0
/* POSIX timers of the remaining clocks; overruns; a timer's signal that waits while blocked. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int create(clockid_t clock, int notify, int signal, int value)
{
	struct sigevent event = { .sigev_notify = notify, .sigev_signo = signal, .sigev_value.sival_int = value };
	int id = -1;

	return syscall(SYS_timer_create, clock, &event, &id) < 0 ? -1 : id;
}

static void arm(int id, long seconds, long nanoseconds, long interval)
{
	struct itimerspec spec = { .it_value = { seconds, nanoseconds }, .it_interval = { interval / 1000000000, interval % 1000000000 } };

	must(syscall(SYS_timer_settime, id, 0, &spec, NULL));
}

static void check_left(int id, double most, double least)
{
	struct itimerspec now;
	double left;

	if (!check(syscall(SYS_timer_gettime, id, &now) == 0, "timer %d: %s", id, strerror(errno)))
		return;
	left = now.it_value.tv_sec + now.it_value.tv_nsec / 1e9;
	check(left <= most && left >= least, "timer %d has %f s left", id, left);
}

int main(void)
{
	static const clockid_t clocks[] = { CLOCK_TAI, CLOCK_THREAD_CPUTIME_ID, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM };
	enum { COUNT = sizeof(clocks) / sizeof(clocks[0]) };
	int id[COUNT], often, blocked;
	struct timespec none = { 0, 0 }, second = { 5, 0 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < COUNT; i++) {
		id[i] = create(clocks[i], SIGEV_NONE, 0, 0);
		if (id[i] >= 0) /* the alarm clocks need hardware */
			arm(id[i], 5000 + i, 0, 1000000000);
	}
	check(id[0] >= 0 && id[1] >= 0);
	often = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 77);
	arm(often, 0, 1000000, 1000000);
	blocked = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, 88);
	arm(blocked, 0, 1000000, 0);
	sleep_milliseconds(50);

	checkpoint();

	for (int i = 0; i < COUNT; i++)
		if (id[i] >= 0)
			check_left(id[i], 5000.1 + i, 4900 + i);
	/* Its one signal is waiting, and is the only one. */
	memset(&info, 0, sizeof(info));
	check_equal(sigtimedwait(&(sigset_t){ .__val = { 1UL << (SIGUSR2 - 1) } }, &info, &none), SIGUSR2);
	check_equal(info.si_code, SI_TIMER);
	check_equal(info.si_value.sival_int, 88);
	check_equal(info.si_timerid, blocked);
	check(sigtimedwait(&(sigset_t){ .__val = { 1UL << (SIGUSR2 - 1) } }, &info, &none) < 0, "it fired twice");
	/* The fast one goes on; what was missed is told with the next signal. */
	sleep_milliseconds(50);
	for (int i = 0; i < 2; i++) {
		check_equal(sigtimedwait(&(sigset_t){ .__val = { 1UL << (SIGUSR1 - 1) } }, &info, &second), SIGUSR1);
		check_equal(info.si_code, SI_TIMER);
		check_equal(info.si_value.sival_int, 77);
		sleep_milliseconds(20);
	}
	check(syscall(SYS_timer_getoverrun, often) >= 5, "only %ld overruns", syscall(SYS_timer_getoverrun, often));
	return finish();
}
