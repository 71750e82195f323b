// SPDX-License-Identifier: GPL-2.0
/* Scheduling policy, priority and nice value, another one for each thread. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct wish {
	int policy, priority, nice;
} wishes[] = {
	{ SCHED_OTHER, 0, 7 },		   { SCHED_OTHER, 0, -11 }, { SCHED_BATCH, 0, 3 },
	{ SCHED_IDLE, 0, 0 },		   { SCHED_FIFO, 10, 4 },   { SCHED_RR, 20, 0 },
	{ SCHED_OTHER | SCHED_RESET_ON_FORK, 0, 5 },
};
enum { COUNT = sizeof(wishes) / sizeof(wishes[0]) };

static volatile int ready, go_on;

static void *thread(void *argument)
{
	const struct wish *wish = argument;
	struct sched_param parameter = { .sched_priority = wish->priority };

	must(syscall(SYS_sched_setscheduler, 0, wish->policy, &parameter));
	must(setpriority(PRIO_PROCESS, gettid(), wish->nice)); /* real-time ones keep theirs for later */
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!go_on)
		sleep_milliseconds(5);
	check_equal(syscall(SYS_sched_getscheduler, 0), wish->policy);
	must(syscall(SYS_sched_getparam, 0, &parameter));
	check_equal(parameter.sched_priority, wish->priority);
	errno = 0;
	check_equal(getpriority(PRIO_PROCESS, gettid()), wish->nice);
	return NULL;
}

int main(void)
{
	pthread_t threads[COUNT];
	int i;

	for (i = 0; i < COUNT; i++)
		must(-pthread_create(&threads[i], NULL, thread, (void *)&wishes[i]));
	wait_for(ready == COUNT);
	checkpoint();
	check_equal(sched_getscheduler(0), SCHED_OTHER);
	go_on = 1;
	for (i = 0; i < COUNT; i++)
		pthread_join(threads[i], NULL);
	return finish();
}
