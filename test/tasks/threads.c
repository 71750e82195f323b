// SPDX-License-Identifier: GPL-2.0
/* Many threads: same ids, own stacks, waiting on conditions and barriers; joining works, which is clear_child_tid. */
#include "test.h"

#include <pthread.h>
#include <unistd.h>

#define THREADS 40

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int waiting, go_on;
static long sum;

static void *thread(void *argument)
{
	pid_t id = gettid();
	unsigned char on_stack[5000];

	fill_pattern(on_stack, sizeof(on_stack), id);
	pthread_mutex_lock(&mutex);
	waiting++;
	while (!go_on)
		pthread_cond_wait(&condition, &mutex);
	sum += (long)argument;
	pthread_mutex_unlock(&mutex);
	check_equal(gettid(), id);
	check_pattern(on_stack, sizeof(on_stack), id);
	return (void *)(long)id;
}

int main(void)
{
	pthread_t threads[THREADS], after;
	void *result;
	long i;
	int count = 0;

	for (i = 0; i < THREADS; i++)
		must(-pthread_create(&threads[i], NULL, thread, (void *)i));
	while (count < THREADS) {
		pthread_mutex_lock(&mutex);
		count = waiting;
		pthread_mutex_unlock(&mutex);
		sleep_milliseconds(2);
	}
	checkpoint();
	pthread_mutex_lock(&mutex);
	go_on = 1;
	pthread_cond_broadcast(&condition);
	pthread_mutex_unlock(&mutex);
	for (i = 0; i < THREADS; i++)
		check_equal(pthread_join(threads[i], &result), 0);
	check_equal(sum, THREADS * (THREADS - 1) / 2);
	check_equal(pthread_create(&after, NULL, thread, NULL), 0);
	check_equal(pthread_join(after, NULL), 0);
	return finish();
}
