// SPDX-License-Identifier: GPL-2.0
/* The processors a thread may run on, another set for each thread. */
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

static volatile int ready, go_on;

/* The highest processor that may be used at all. */
static int highest(void)
{
	cpu_set_t all;
	int last = 0;

	must(sched_getaffinity(0, sizeof(all), &all));
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all))
			last = i;
	return last;
}

static void *thread(void *argument)
{
	cpu_set_t set, now;

	CPU_ZERO(&set);
	CPU_SET(*(int *)argument, &set);
	must(sched_setaffinity(0, sizeof(set), &set));
	ready = 1;
	while (!go_on)
		sleep_milliseconds(5);
	must(sched_getaffinity(0, sizeof(now), &now));
	check(CPU_EQUAL(&set, &now), "the thread may run on %d processors", CPU_COUNT(&now));
	return NULL;
}

int main(void)
{
	int last = highest();
	cpu_set_t before, now;
	pthread_t other;

	must(sched_getaffinity(0, sizeof(before), &before));
	pthread_create(&other, NULL, thread, &last);
	while (!ready)
		sleep_milliseconds(1);
	checkpoint();
	go_on = 1;
	must(sched_getaffinity(0, sizeof(now), &now));
	check(CPU_EQUAL(&before, &now), "the leader may run on %d processors", CPU_COUNT(&now));
	pthread_join(other, NULL);
	return finish();
}
