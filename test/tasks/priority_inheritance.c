// SPDX-License-Identifier: GPL-2.0
/* PI futexes: a mutex that one thread holds and others wait for in the kernel changes hands as it should, and a
 * robust one of a dead holder too. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WAITERS = 3 };

static pthread_mutex_t mutex, robust;
static volatile int locked, unlock, let_die;
static volatile pid_t waiting[WAITERS];
static int entered;

static void *holder(void *unused)
{
	must(-pthread_mutex_lock(&mutex));
	must(-pthread_mutex_lock(&robust));
	locked = 1;
	while (!unlock)
		sleep_milliseconds(2);
	check_equal(entered, 0);
	check_equal(pthread_mutex_unlock(&mutex), 0);
	while (!let_die)
		sleep_milliseconds(2);
	return NULL; /* the robust one stays locked */
}

static void *waiter(void *argument)
{
	waiting[(long)argument] = gettid();
	check_equal(pthread_mutex_lock(&mutex), 0);
	entered++;
	sleep_milliseconds(5);
	check_equal(pthread_mutex_unlock(&mutex), 0);
	return NULL;
}

static bool sleeps(pid_t tid)
{
	char text[128] = "", path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	return tid && read_text(path, text, sizeof(text)) > 0 && strncmp(text, "202 ", 4) == 0;
}

int main(void)
{
	pthread_mutexattr_t attributes;
	pthread_t first, others[WAITERS];

	must(-pthread_mutexattr_init(&attributes));
	must(-pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT));
	must(-pthread_mutex_init(&mutex, &attributes));
	must(-pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
	must(-pthread_mutex_init(&robust, &attributes));
	must(-pthread_create(&first, NULL, holder, NULL));
	wait_for(locked);
	for (long i = 0; i < WAITERS; i++)
		must(-pthread_create(&others[i], NULL, waiter, (void *)i));
	for (int i = 0; i < WAITERS; i++)
		wait_for(sleeps(waiting[i]));

	checkpoint();

	check_equal(entered, 0);
	check_equal(pthread_mutex_trylock(&mutex), EBUSY);
	unlock = 1;
	for (int i = 0; i < WAITERS; i++)
		pthread_join(others[i], NULL);
	check_equal(entered, WAITERS);
	check_equal(pthread_mutex_trylock(&robust), EBUSY);
	let_die = 1;
	pthread_join(first, NULL);
	check_equal(pthread_mutex_lock(&robust), EOWNERDEAD);
	check_equal(pthread_mutex_consistent(&robust), 0);
	check_equal(pthread_mutex_unlock(&robust), 0);
	return finish();
}
