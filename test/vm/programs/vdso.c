// SPDX-License-Identifier: GPL-2.0
// link: -ldl
/*
 * Asks for time, processor and random numbers through addresses in the vdso that it has looked up at its start,
 * from threads that do nothing else, so that some are stopped inside of it.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, ROUNDS = 20000 };

static int (*get_clock)(clockid_t, struct timespec *);
static int (*get_resolution)(clockid_t, struct timespec *);
static int (*get_day)(struct timeval *, void *);
static time_t (*get_time)(time_t *);
static int (*get_processor)(unsigned *, unsigned *, void *);
static ssize_t (*get_random)(void *, size_t, unsigned, void *, size_t);
static const char *volatile problem;
static int rounds;
static size_t state_size;
static int state_prot, state_flags; /* droppable memory, which not every kernel has */

static void must_write(int fd)
{
	if (write(fd, ".", 1) != 1)
		problem = "the file of rounds";
}

static void *look_up(void *vdso, const char *name, bool needed)
{
	void *found = dlsym(vdso, name);

	if (!found && needed) {
		printf("wrong: the vdso has no %s\n", name);
		exit(1);
	}
	return found;
}

static void look_up_all(void)
{
	void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
	struct {
		uint32_t size, prot, flags, reserved[13];
	} parameters;

	get_clock = look_up(vdso, "__vdso_clock_gettime", true);
	get_resolution = look_up(vdso, "__vdso_clock_getres", true);
	get_day = look_up(vdso, "__vdso_gettimeofday", true);
	get_time = look_up(vdso, "__vdso_time", true);
	get_processor = look_up(vdso, "__vdso_getcpu", true);
	get_random = look_up(vdso, "__vdso_getrandom", false);
	if (get_random && !get_random(NULL, 0, 0, &parameters, ~(size_t)0))
		state_size = parameters.size, state_prot = parameters.prot, state_flags = parameters.flags;
}

static void *ask(void *unused)
{
	void *state = state_size ? mmap(NULL, 4096, state_prot, state_flags, -1, 0) : NULL;
	struct timespec now, before = { 0 }, coarse;
	struct timeval day;
	unsigned processor;
	uint64_t numbers[3];

	for (int round = 0; !problem && (round < ROUNDS || access("hurry", F_OK)); round++) {
		if (get_clock(CLOCK_MONOTONIC, &now) || now.tv_sec < before.tv_sec ||
		    (now.tv_sec == before.tv_sec && now.tv_nsec < before.tv_nsec))
			problem = "the monotonic clock";
		before = now;
		if (get_clock(CLOCK_REALTIME, &now) || get_day(&day, NULL) || labs(day.tv_sec - now.tv_sec) > 3600 * 24)
			problem = "the time of day";
		if (get_clock(CLOCK_PROCESS_CPUTIME_ID, &now) || get_resolution(CLOCK_MONOTONIC, &coarse) || coarse.tv_nsec != 1)
			problem = "a resolution";
		if (get_processor(&processor, NULL, NULL) || processor > 1000)
			problem = "the processor";
		if (round % 16 == 0 && labs(get_time(NULL) - time(NULL)) > 2)
			problem = "the time";
		if (round % 16 == 0 && state_size) {
			memset(numbers, 0, sizeof(numbers));
			if (get_random(numbers, sizeof(numbers), 0, state, state_size) != sizeof(numbers) || !numbers[0] ||
			    numbers[0] == numbers[1] || !numbers[2])
				problem = "random numbers";
		}
		if (round % 1000 == 999) /* a sign of life */
			must_write(rounds);
		if (round == ROUNDS / 2)
			fclose(fopen("middle", "w"));
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	rounds = open("rounds", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	look_up_all();
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, ask, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (problem)
		printf("wrong: %s\n", problem);
	else
		puts("right");
	return 0;
}
