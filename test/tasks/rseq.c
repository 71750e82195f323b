// SPDX-License-Identifier: GPL-2.0
/* Restartable sequences: each thread's area is still registered, the kernel still writes the CPU number into it. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int ready, go_on;

static struct rseq *area(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

static void check_registered(void)
{
	volatile struct rseq *mine = area();
	cpu_set_t all, one;
	int cpu;

	must(sched_getaffinity(0, sizeof(all), &all));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		must(sched_setaffinity(0, sizeof(one), &one));
		check_equal(mine->cpu_id, cpu);
	}
	must(sched_setaffinity(0, sizeof(all), &all));
	/* The same area again is "busy": it is registered. */
	check(syscall(SYS_rseq, area(), 32, 0, RSEQ_SIG) < 0 && (errno == EBUSY || errno == EINVAL), "errno %d", errno);
}

static void *thread(void *unused)
{
	ready = 1;
	while (!go_on)
		sleep_milliseconds(2);
	check_registered();
	return NULL;
}

int main(void)
{
	pthread_t id;

	if (__rseq_size == 0)
		skip("the C library has not registered rseq");
	must(-pthread_create(&id, NULL, thread, NULL));
	wait_for(ready);
	checkpoint();
	check_registered();
	go_on = 1;
	pthread_join(id, NULL);
	return finish();
}
