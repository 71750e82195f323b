// SPDX-License-Identifier: GPL-2.0
// differs: thread|is new|is missing
/* Calls that were interrupted and went on before the dump (by a stop signal, as restart_syscall): none ends with EINTR or
 * too early. One process is stopped a second time when it is saved. */
#include "test.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LENGTH_MS = 2500 };
static const struct timespec length = { LENGTH_MS / 1000, LENGTH_MS % 1000 * 1000000 };
static int ends[2];
static unsigned int word = 7;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void *sleeping(void *unused)
{
	double start = now();

	check_equal(syscall(SYS_nanosleep, &length, NULL), 0);
	check(now() - start >= LENGTH_MS / 1000.0);
	return NULL;
}

static void *sleeping_by_clock(void *unused)
{
	double start = now();

	check_equal(clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL), 0);
	check(now() - start >= LENGTH_MS / 1000.0);
	return NULL;
}

static void *polling(void *unused)
{
	double start = now();

	check_equal(syscall(SYS_poll, NULL, 0, LENGTH_MS), 0);
	check(now() - start >= LENGTH_MS / 1000.0);
	return NULL;
}

static void *polling_for_ever(void *unused)
{
	struct pollfd one = { .fd = ends[0], .events = POLLIN };

	check_equal(poll(&one, 1, -1), 1);
	return NULL;
}

static void *waiting(void *unused)
{
	check_equal(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 7, &length, NULL, 0), -1);
	check_equal(errno, ETIMEDOUT);
	return NULL;
}

static void *waiting_until(void *unused)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 3;
	check_equal(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 7, &end, NULL, FUTEX_BITSET_MATCH_ANY), -1);
	check_equal(errno, ETIMEDOUT);
	return NULL;
}

/* By the C library's function: how its number is known when the process is stopped. */
static void stopped(void)
{
	struct pollfd one = { .fd = ends[0], .events = POLLIN };

	announce();
	errno = 0;
	check_equal(poll(&one, 1, 600000), 1);
	check_equal(errno, 0);
}

int main(void)
{
	void *(*const bodies[])(void *) = { sleeping, sleeping_by_clock, polling, polling_for_ever, waiting, waiting_until };
	enum { COUNT = sizeof(bodies) / sizeof(bodies[0]) };
	pthread_t threads[COUNT];
	int status;
	pid_t child, helper;

	must(pipe(ends));
	child = participant(stopped);
	for (int i = 0; i < COUNT; i++)
		must(-pthread_create(&threads[i], NULL, bodies[i], NULL));
	sleep_milliseconds(100);
	helper = must(fork());
	if (!helper) {
		kill(getppid(), SIGSTOP);
		wait_for(process_state(getppid()) == 'T');
		sleep_milliseconds(100);
		kill(getppid(), SIGCONT);
		_exit(0);
	}
	while (waitpid(helper, &status, 0) < 0)
		;
	for (int i = 0; i < 3; i++) {
		must(kill(child, i % 2 ? SIGCONT : SIGSTOP));
		wait_for((process_state(child) == 'T') == !(i % 2));
		sleep_milliseconds(20);
	}
	checkpoint();
	must(kill(child, SIGCONT));
	sleep_milliseconds(200);
	must(write(ends[1], "x", 1));
	for (int i = 0; i < COUNT; i++)
		pthread_join(threads[i], NULL);
	return finish();
}
