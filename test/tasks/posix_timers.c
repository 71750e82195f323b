// SPDX-License-Identifier: GPL-2.0
/* POSIX timers: their numbers (with gaps), clocks, time left, interval, signal, value, thread, and that they fire. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define COUNT 6

static volatile pid_t thread_id;
static volatile int go_on, thread_value;

static int create(clockid_t clock, int notify, int signal, int value, pid_t thread)
{
	struct sigevent event = { .sigev_notify = notify, .sigev_signo = signal, .sigev_value.sival_int = value };
	int id = -1;

	event._sigev_un._tid = thread;
	must(syscall(SYS_timer_create, clock, &event, &id));
	return id;
}

static void arm(int id, double value, double interval)
{
	struct itimerspec spec = { .it_value = { value, (long)(value * 1e9) % 1000000000 },
				   .it_interval = { interval, (long)(interval * 1e9) % 1000000000 } };

	must(syscall(SYS_timer_settime, id, 0, &spec, NULL));
}

static void check_left(int id, double most, double least, double interval)
{
	struct itimerspec now;
	double left, again;

	if (!check(syscall(SYS_timer_gettime, id, &now) == 0, "timer %d: %s", id, strerror(errno)))
		return;
	left = now.it_value.tv_sec + now.it_value.tv_nsec / 1e9;
	again = now.it_interval.tv_sec + now.it_interval.tv_nsec / 1e9;
	check(left <= most && left >= least, "timer %d has %f s left, should be %f to %f", id, left, least, most);
	check(again > interval - 0.001 && again < interval + 0.001, "timer %d has interval %f", id, again);
}

static void *thread(void *unused)
{
	sigset_t set;
	siginfo_t info;
	struct timespec second = { 5, 0 };

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	thread_id = gettid();
	while (!go_on)
		sleep_milliseconds(2);
	if (check(sigtimedwait(&set, &info, &second) == SIGUSR2, "the timer of the thread did not fire"))
		thread_value = info.si_value.sival_int;
	return NULL;
}

static void expect_signal(int signal, int value)
{
	struct timespec seconds = { 5, 0 };
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, signal);
	if (!check(sigtimedwait(&set, &info, &seconds) == signal, "no signal %d: %s", signal, strerror(errno)))
		return;
	check_equal(info.si_code, SI_TIMER);
	check_equal(info.si_value.sival_int, value);
}

int main(void)
{
	int id[COUNT], gaps[3], i;
	pthread_t other;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 2);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(-pthread_create(&other, NULL, thread, NULL));
	wait_for(thread_id);
	for (i = 0; i < 3; i++)
		gaps[i] = create(CLOCK_REALTIME, SIGEV_NONE, 0, 0, 0);
	id[0] = create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 11, 0);
	id[1] = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 2, 22, 0);
	id[2] = create(CLOCK_BOOTTIME, SIGEV_NONE, 0, 33, 0);
	id[3] = create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGUSR1, 44, 0);
	id[4] = create(CLOCK_MONOTONIC, SIGEV_THREAD_ID, SIGUSR2, 55, thread_id);
	id[5] = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 66, 0);
	for (i = 0; i < 3; i++)
		must(syscall(SYS_timer_delete, gaps[i]));
	arm(id[0], 3000.5, 10.25);
	arm(id[1], 4000, 0);
	arm(id[2], 5000.125, 5);
	arm(id[3], 6000, 1);
	/* id[4] is armed after the checkpoint, id[5] never */

	checkpoint();

	check_left(id[0], 3000.5, 2900, 10.25);
	check_left(id[1], 4000, 3900, 0);
	check_left(id[2], 5000.125, 4900, 5);
	check_left(id[3], 6000.1, 5990, 1);
	check_left(id[4], 0, 0, 0);
	check_left(id[5], 0, 0, 0);
	for (i = 0; i < 3; i++)
		check(syscall(SYS_timer_gettime, gaps[i], &(struct itimerspec){ 0 }) < 0, "timer %d exists", gaps[i]);
	arm(id[1], 0.02, 0);
	expect_signal(SIGRTMIN + 2, 22);
	arm(id[5], 0.01, 0);
	expect_signal(SIGUSR1, 66);
	go_on = 1;
	arm(id[4], 0.02, 0);
	pthread_join(other, NULL);
	check_equal(thread_value, 55);
	return finish();
}
