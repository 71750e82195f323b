// SPDX-License-Identifier: GPL-2.0
// timeout: 240
/* A thousand threads: same numbers, own storage, each goes on where it was. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

enum { THREADS = 1000 };

static __thread long own;
static pthread_barrier_t begin;
static sem_t gate;
static pid_t ids[THREADS];

static void *thread(void *argument)
{
	long index = (long)argument;

	own = index * 7;
	ids[index] = gettid();
	pthread_barrier_wait(&begin);
	while (sem_wait(&gate) && errno == EINTR)
		;
	check_equal(gettid(), ids[index]);
	check_equal(own, index * 7);
	return (void *)(index + 1);
}

int main(void)
{
	static pthread_t threads[THREADS];
	pthread_attr_t attributes;
	void *result;

	must(-pthread_attr_init(&attributes));
	must(-pthread_attr_setstacksize(&attributes, 64 * 1024));
	must(-pthread_barrier_init(&begin, NULL, THREADS + 1));
	must(sem_init(&gate, 0, 0));
	for (long i = 0; i < THREADS; i++)
		must(-pthread_create(&threads[i], &attributes, thread, (void *)i));
	pthread_barrier_wait(&begin);
	checkpoint();
	for (int i = 0; i < THREADS; i++)
		must(sem_post(&gate));
	for (long i = 0; i < THREADS; i++) {
		check_equal(pthread_join(threads[i], &result), 0);
		check_equal((long)result, i + 1);
	}
	return finish();
}
