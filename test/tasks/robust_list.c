// SPDX-License-Identifier: GPL-2.0
/* Robust futexes: a thread that dies after the restore with a lock taken before leaves it to the next one. */
#include "test.h"

#include <errno.h>
#include <pthread.h>

static pthread_mutex_t mutex;
static volatile int locked, die;

static void *holder(void *unused)
{
	must(-pthread_mutex_lock(&mutex));
	locked = 1;
	while (!die)
		sleep_milliseconds(2);
	return NULL; /* without unlocking */
}

int main(void)
{
	pthread_mutexattr_t attribute;
	pthread_t id;

	pthread_mutexattr_init(&attribute);
	must(-pthread_mutexattr_setrobust(&attribute, PTHREAD_MUTEX_ROBUST));
	must(-pthread_mutex_init(&mutex, &attribute));
	must(-pthread_create(&id, NULL, holder, NULL));
	wait_for(locked);

	checkpoint();

	check_equal(pthread_mutex_trylock(&mutex), EBUSY);
	die = 1;
	pthread_join(id, NULL);
	check_equal(pthread_mutex_lock(&mutex), EOWNERDEAD);
	check_equal(pthread_mutex_consistent(&mutex), 0);
	check_equal(pthread_mutex_unlock(&mutex), 0);
	return finish();
}
