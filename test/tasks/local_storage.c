// SPDX-License-Identifier: GPL-2.0
/* Thread-local storage: the FS and GS bases of each thread, and what is behind them. */
#include "test.h"

#include <asm/prctl.h>
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS 8

static __thread long own[64];
static volatile int ready, go_on;
static unsigned long behind_gs[THREADS + 1][8];

static void set(long seed)
{
	fill_pattern(own, sizeof(own), seed);
	behind_gs[seed][1] = 1000 + seed;
	must(syscall(SYS_arch_prctl, ARCH_SET_GS, behind_gs[seed]));
}

static void verify(long seed, unsigned long fs)
{
	unsigned long base = 0, value;

	check_pattern(own, sizeof(own), seed);
	must(syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	check_equal(base, (unsigned long)behind_gs[seed]);
	asm volatile("mov %%gs:8, %0" : "=r"(value));
	check_equal(value, 1000 + seed);
	must(syscall(SYS_arch_prctl, ARCH_GET_FS, &base));
	check_equal(base, fs);
	errno = 0;
	check(close(-1) < 0 && errno == EBADF);
}

static void *thread(void *argument)
{
	unsigned long fs;

	set((long)argument);
	must(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs));
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!go_on)
		sleep_milliseconds(2);
	verify((long)argument, fs);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	unsigned long fs;
	long i;

	set(0);
	must(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs));
	for (i = 0; i < THREADS; i++)
		must(-pthread_create(&threads[i], NULL, thread, (void *)(i + 1)));
	wait_for(ready == THREADS);
	checkpoint();
	verify(0, fs);
	go_on = 1;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return finish();
}
