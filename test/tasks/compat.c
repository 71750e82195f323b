// SPDX-License-Identifier: GPL-2.0
// compiler: -m32
// differs: \[vsyscall\]
/* 32-bit programs: registers, segments of threads, signal frames, robust mutexes, interrupted calls; a 64-bit child. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, STACK = 64 * 1024 };

static __thread int local;
static volatile int ready, go_on;
static volatile sig_atomic_t handled, on_stack, value;
static char stack[STACK];
static pthread_mutex_t robust;

static void handler(int signo, siginfo_t *info, void *context)
{
	char here;

	handled++;
	on_stack = &here >= stack && &here < stack + STACK;
	value = info->si_value.sival_int;
}

static void *thread(void *argument)
{
	int number = (int)(intptr_t)argument;

	local = 100 + number;
	if (number == 0)
		pthread_mutex_lock(&robust);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!go_on)
		sleep_milliseconds(5);
	check_equal(local, 100 + number);
	return NULL; /* number 0 with the mutex */
}

static void computing(void)
{
	volatile double sum = 0;
	unsigned i;

	announce();
	for (i = 1; !released(); i++) /* the FPU is in use nearly all the time */
		sum = 1.0 / 3.0 * 3.0;
	check(sum == 1.0);
}

static void *robust_user(void)
{
	static long head[3];
	void *list = NULL;
	size_t length = 0;

	must(syscall(SYS_get_robust_list, 0, &list, &length));
	check_equal(length, sizeof(head));
	return list;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t alternate = { .ss_sp = stack, .ss_size = STACK };
	struct timespec start, end;
	pthread_mutexattr_t attribute;
	pthread_t threads[THREADS];
	void *list;
	int i, status, ends[2];
	pid_t child;
	char byte;

	check_equal(sizeof(void *), 4);
	must(sigaltstack(&alternate, NULL));
	must(sigaction(SIGUSR1, &action, NULL));
	must(sigaction(SIGRTMIN + 3, &action, NULL));
	pthread_mutexattr_init(&attribute);
	pthread_mutexattr_setrobust(&attribute, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attribute);
	list = robust_user();
	local = 7;
	for (i = 0; i < THREADS; i++)
		must(-pthread_create(&threads[i], NULL, thread, (void *)(intptr_t)i));
	wait_for(ready == THREADS);
	participant(computing);
	must(pipe2(ends, O_CLOEXEC));
	child = must(fork());
	if (!child) {
		execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	must(close(ends[1]));
	check_equal(read(ends[0], &byte, 1), 0); /* when it has called execve */
	must(close(ends[0]));
	clock_gettime(CLOCK_MONOTONIC, &start); /* through the vdso */

	checkpoint();

	clock_gettime(CLOCK_MONOTONIC, &end);
	check(end.tv_sec > start.tv_sec || (end.tv_sec == start.tv_sec && end.tv_nsec > start.tv_nsec));
	check_equal(local, 7);
	check(robust_user() == list);
	must(kill(getpid(), SIGUSR1));
	check_equal(handled, 1);
	check_equal(on_stack, 1);
	must(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 4711 }));
	check_equal(value, 4711);
	go_on = 1;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	check_equal(pthread_mutex_lock(&robust), EOWNERDEAD);
	must(kill(child, SIGTERM));
	must(waitpid(child, &status, 0));
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	return finish();
}
