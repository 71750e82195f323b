// SPDX-License-Identifier: GPL-2.0
// differs: thread|children|is new|is missing
/* System calls that a dump interrupts go on as if nothing had happened: none returns early, none with EINTR. */
#include "test.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int ends[2];
static unsigned int word;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void *reading(void *unused)
{
	char byte = 0;

	check_equal(read(ends[0], &byte, 1), 1);
	check_equal(byte, 'x');
	return NULL;
}

static void *sleeping(void *unused)
{
	struct timespec length = { 0, 700000000 };
	double start = now();

	check_equal(nanosleep(&length, NULL), 0);
	check(now() - start >= 0.7, "slept only %f s", now() - start);
	return NULL;
}

static void *sleeping_until(void *unused)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 1;
	check_equal(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL), 0);
	check(now() >= end.tv_sec + end.tv_nsec / 1e9);
	return NULL;
}

static void *polling(void *unused)
{
	double start = now();

	errno = 0;
	check_equal(poll(NULL, 0, 800), 0);
	check_equal(errno, 0);
	check(now() - start >= 0.79, "polled only %f s", now() - start);
	return NULL;
}

static void *polling_for_ever(void *unused)
{
	struct pollfd one = { .fd = ends[0], .events = POLLHUP };

	one.events = 0;
	check_equal(poll(&one, 1, -1), 1);
	return NULL;
}

static void *selecting(void *unused)
{
	struct timeval length = { 0, 900000 };

	check_equal(select(0, NULL, NULL, NULL, &length), 0);
	return NULL;
}

static void *waiting_on_futex(void *unused)
{
	check_equal(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), 0);
	check_equal(word, 1);
	return NULL;
}

static void *waiting_on_futex_with_end(void *unused)
{
	struct timespec length = { 0, 850000000 };
	unsigned int other = 0;
	double start = now();

	check_equal(syscall(SYS_futex, &other, FUTEX_WAIT_PRIVATE, 0, &length, NULL, 0), -1);
	check_equal(errno, ETIMEDOUT);
	check(now() - start >= 0.84, "waited only %f s", now() - start);
	return NULL;
}

static void *waiting_for_child(void *unused)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		sleep_milliseconds(1000);
		_exit(42);
	}
	check_equal(waitpid(child, &status, 0), child);
	check_equal(WEXITSTATUS(status), 42);
	return NULL;
}

static void *waiting_for_signal(void *unused)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	check_equal(sigwaitinfo(&set, &info), SIGUSR1);
	return NULL;
}

int main(void)
{
	void *(*const bodies[])(void *) = { reading,	      sleeping,	  sleeping_until,   polling,
					    polling_for_ever, selecting,  waiting_on_futex, waiting_on_futex_with_end,
					    waiting_for_child, waiting_for_signal };
	enum { COUNT = sizeof(bodies) / sizeof(bodies[0]) };
	pthread_t threads[COUNT];
	sigset_t set;
	int i;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(-pthread_sigmask(SIG_BLOCK, &set, NULL));
	must(pipe(ends));
	for (i = 0; i < COUNT; i++)
		must(-pthread_create(&threads[i], NULL, bodies[i], NULL));
	sleep_milliseconds(60);

	checkpoint();

	must(write(ends[1], "x", 1));
	sleep_milliseconds(20);
	must(close(ends[1]));
	word = 1;
	must(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	must(kill(getpid(), SIGUSR1));
	for (i = 0; i < COUNT; i++)
		pthread_join(threads[i], NULL);
	return finish();
}
