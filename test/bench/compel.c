// SPDX-License-Identifier: GPL-2.0
/*
 * What compel costs: medians of many rounds, on threads that sleep and threads that compute.
 *	compel [THREADS]
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "remote/batch.h"
#include "support/cleanup.h"

enum { ROUNDS = 301, THREADS_MOST = 1024, CALLS = 64 };

enum step { SEIZE, WAIT, XSTATE, INFECT, BATCH, LONG_BATCH, CURE, SYSCALL, DETACH, STEPS };
static const char *const step_names[] = { "seize and interrupt", "wait and read",	   "fpu state",
					  "infect",		 "batch of 3 calls", "batch of 64 calls",
					  "cure",		 "one system call",  "detach" };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void must(struct error *error)
{
	if (!error)
		return;
	fprintf(stderr, "%s\n", error_text(error));
	exit(1);
}

/* What a target is told: where to send its thread ids, where to note the longest time in
 * which it did not run. */
struct orders {
	int fd;
	volatile double *gap;
};

__attribute__((noreturn)) static void *sleep_for_ever(void *argument)
{
	write(((const struct orders *)argument)->fd, &(pid_t){ (pid_t)syscall(SYS_gettid) }, sizeof(pid_t));
	for (;;)
		pause();
}

__attribute__((noreturn)) static void *compute(void *argument)
{
	const struct orders *orders = argument;
	double last = now();

	write(orders->fd, &(pid_t){ (pid_t)syscall(SYS_gettid) }, sizeof(pid_t));
	for (;;) {
		double time = now();

		if (time - last > *orders->gap)
			*orders->gap = time - last;
		last = time;
	}
}

static pid_t start(unsigned threads, bool busy, pid_t *tids, volatile double *gap)
{
	int pipe_fds[2];
	pid_t pid;

	if (pipe(pipe_fds) < 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		struct orders orders = { pipe_fds[1], gap };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (unsigned i = 1; i < threads; i++)
			pthread_create(&thread, NULL, busy ? compute : sleep_for_ever, &orders);
		(busy ? compute : sleep_for_ever)(&orders);
	}
	for (unsigned i = 0; i < threads; i++)
		if (read(pipe_fds[0], &tids[i], sizeof(pid_t)) != sizeof(pid_t))
			exit(1);
	for (unsigned i = 0; i < threads; i++)
		if (tids[i] == pid) {
			tids[i] = tids[0];
			tids[0] = pid;
		}
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return pid;
}

struct bench {
	unsigned count;
	bool single; /* with the call that dump does not need */
	pid_t tids[THREADS_MOST];
	struct compel_thread threads[THREADS_MOST], *pointers[THREADS_MOST];
	struct batch batches[THREADS_MOST], *batch_pointers[THREADS_MOST];
	double samples[STEPS][ROUNDS], gaps[ROUNDS];
	volatile double *gap;
};

static void fill_batches(struct bench *bench, unsigned calls)
{
	for (unsigned i = 0; i < bench->count; i++) {
		batch_clear(&bench->batches[i]);
		for (unsigned call = 0; call < calls; call++)
			batch_call(&bench->batches[i], "pid", SYS_getpid);
	}
}

static void run_batches(struct bench *bench, struct compel_agent *agent, unsigned calls, double *time)
{
	double before;

	fill_batches(bench, calls);
	before = now();
	must(batch_run(agent, bench->pointers, bench->batch_pointers, bench->count));
	*time = now() - before;
}

static void one_round(struct bench *bench, unsigned round)
{
	static unsigned char xstate[65536];
	struct compel_agent *agent;
	double time[STEPS + 1];
	int64_t result;

	time[SEIZE] = now();
	for (unsigned i = 0; i < bench->count; i++)
		must(compel_seize(&bench->threads[i], bench->tids[i]));
	time[WAIT] = now();
	for (unsigned i = 0; i < bench->count; i++)
		must(compel_wait(&bench->threads[i]));
	time[XSTATE] = now();
	for (unsigned i = 0; i < bench->count; i++)
		must(compel_get_xstate(&bench->threads[i], xstate, &(size_t){ sizeof(xstate) }));
	time[INFECT] = now();
	must(compel_infect(&bench->threads[0], 65536 + bench->count * 6144, &agent));
	time[BATCH] = now();
	run_batches(bench, agent, 3, &bench->samples[BATCH][round]);
	run_batches(bench, agent, CALLS, &bench->samples[LONG_BATCH][round]);
	time[CURE] = now();
	must(compel_cure(agent));
	time[SYSCALL] = now();
	if (bench->single)
		must(compel_syscall(&bench->threads[0], SYS_getpid, (uint64_t[6]){}, &result));
	time[DETACH] = now();
	must(compel_detach_all(bench->pointers, NULL, bench->count));
	time[STEPS] = now();
	for (unsigned i = 0; i < STEPS; i++)
		if (i != BATCH && i != LONG_BATCH)
			bench->samples[i][round] = (i == INFECT ? time[BATCH] : time[i + 1]) - time[i];
}

static int compare(const void *a, const void *b)
{
	return *(const double *)a < *(const double *)b ? -1 : 1;
}

static void measure(unsigned threads, bool busy)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	pid_t pid;

	bench->count = threads;
	bench->single = threads == 1;
	bench->gap = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = start(threads, busy, bench->tids, bench->gap);
	for (unsigned i = 0; i < threads; i++) {
		bench->pointers[i] = &bench->threads[i];
		bench->batch_pointers[i] = &bench->batches[i];
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		*bench->gap = 0;
		one_round(bench, round);
		usleep(500);
		bench->gaps[round] = *bench->gap;
	}
	printf("%u %s thread%s, microseconds (median), in all and each:\n", threads, busy ? "computing" : "sleeping",
	       threads > 1 ? "s" : "");
	for (unsigned i = 0; i < STEPS; i++) {
		qsort(bench->samples[i], ROUNDS, sizeof(double), compare);
		printf("\t%-20s %8.1f %8.1f\n", step_names[i], bench->samples[i][ROUNDS / 2],
		       bench->samples[i][ROUNDS / 2] / threads);
	}
	qsort(bench->gaps, ROUNDS, sizeof(double), compare);
	if (busy)
		printf("\t%-20s %8.1f\n", "standstill seen", bench->gaps[ROUNDS / 2]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	free(bench);
}

int main(int argc, char **argv)
{
	unsigned threads = argc > 1 ? (unsigned)atoi(argv[1]) : 16;

	measure(1, false);
	measure(1, true);
	measure(4, true);
	measure(threads > THREADS_MOST ? THREADS_MOST : threads, false);
	return 0;
}
