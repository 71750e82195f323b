// SPDX-License-Identifier: GPL-2.0
/* The deadline policy with its three times and flags, and a time slice of a thread's own. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DEADLINE = 6, RESET_ON_FORK = 1, RECLAIM = 2 };

static struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
} wishes[] = {
	{ .policy = DEADLINE, .flags = RESET_ON_FORK | RECLAIM, .runtime = 3000000, .deadline = 20000000, .period = 30000000 },
	{ .policy = DEADLINE, .runtime = 2000000, .deadline = 40000000, .period = 40000000 },
	{ .policy = SCHED_OTHER, .nice = 3, .runtime = 7000000 },
	{ .policy = SCHED_BATCH, .runtime = 50000000 },
};
enum { COUNT = sizeof(wishes) / sizeof(wishes[0]) };

static volatile int ready, go_on;

static void *thread(void *argument)
{
	struct attributes *wish = argument, set, now;

	wish->size = sizeof(*wish);
	must(syscall(SYS_sched_setattr, 0, wish, 0));
	memset(&set, 0, sizeof(set));
	must(syscall(SYS_sched_getattr, 0, &set, sizeof(set), 0)); /* a kernel before 6.12 knows no slices */
	if (wish->policy == DEADLINE)
		check(set.runtime == wish->runtime && set.flags == wish->flags);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!go_on)
		sleep_milliseconds(5);
	memset(&now, 0, sizeof(now));
	must(syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0));
	check_equal(now.policy, set.policy);
	check_equal(now.flags, set.flags);
	check_equal(now.nice, set.nice);
	check_equal(now.runtime, set.runtime);
	check_equal(now.deadline, set.deadline);
	check_equal(now.period, set.period);
	return NULL;
}

int main(void)
{
	pthread_t threads[COUNT];

	for (int i = 0; i < COUNT; i++)
		must(-pthread_create(&threads[i], NULL, thread, &wishes[i]));
	wait_for(ready == COUNT);
	checkpoint();
	go_on = 1;
	for (int i = 0; i < COUNT; i++)
		pthread_join(threads[i], NULL);
	return finish();
}
