// SPDX-License-Identifier: GPL-2.0
// modes: cycle leave-running
// differs: .*
/*
 * Processes and threads are born and end while the tree is being frozen: relays in which each runner starts the next one
 * and goes. No runner is lost, none goes on outside, and none is there twice: each takes the number that the one before left.
 */
#include "test.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RELAYS = 3 };

static volatile struct relay {
	unsigned runner;   /* how many have run */
	unsigned in_wrong_order;
	int ended;
} *relays; /* of processes, then of threads, then of processes that a process's threads make */

static volatile int *end;

static void take_number(volatile struct relay *relay, unsigned number)
{
	if (__atomic_fetch_add(&relay->runner, 1, __ATOMIC_SEQ_CST) != number)
		__atomic_add_fetch(&relay->in_wrong_order, 1, __ATOMIC_SEQ_CST);
}

/* Each runner is the child of the one before, which ends: the root adopts it. */
static void run_processes(volatile struct relay *relay)
{
	for (unsigned number = 0; !*end; number++) {
		take_number(relay, number);
		if (must(fork()))
			_exit(0);
	}
	relay->ended = 1;
	_exit(0);
}

static void *run_thread(void *argument)
{
	uintptr_t number = (uintptr_t)argument;
	pthread_attr_t detached;
	pthread_t next;

	take_number(&relays[1], number);
	if (*end) {
		relays[1].ended = 1;
		return NULL;
	}
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	must(-pthread_create(&next, &detached, run_thread, (void *)(number + 1)));
	return NULL;
}

static void run_threads(void)
{
	run_thread(0);
	while (!relays[1].ended)
		sleep_milliseconds(1);
	_exit(0);
}

/* Children of a thread that has ended belong to another one. */
static void *fork_one(void *argument)
{
	uintptr_t number = (uintptr_t)argument;

	if (!must(fork())) {
		take_number(&relays[2], number);
		_exit(0);
	}
	return NULL;
}

static void run_children(void)
{
	signal(SIGCHLD, SIG_DFL); /* this one waits for them */
	for (uintptr_t number = 0; !*end; number++) {
		pthread_t thread;
		int status;

		must(-pthread_create(&thread, NULL, fork_one, (void *)number));
		must(-pthread_join(thread, NULL));
		must(waitpid(-1, &status, 0));
		if (status)
			__atomic_add_fetch(&relays[2].in_wrong_order, 1, __ATOMIC_SEQ_CST);
	}
	relays[2].ended = 1;
	_exit(0);
}

static pid_t start(void (*body)(void))
{
	pid_t pid = must(fork());

	if (!pid)
		body();
	return pid;
}

static void start_processes(void)
{
	run_processes(&relays[0]);
}

static void await_progress(int which)
{
	unsigned before = relays[which].runner;

	wait_for(relays[which].runner > before + 20);
}

int main(void)
{
	pid_t left;

	relays = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	end = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	signal(SIGCHLD, SIG_IGN); /* whoever ends is gone at once */
	start(start_processes);
	start(run_threads);
	start(run_children);
	for (int turn = 0; turn < 8; turn++) {
		for (int i = 0; i < RELAYS; i++)
			await_progress(i);
		checkpoint();
	}
	for (int i = 0; i < RELAYS; i++)
		await_progress(i);
	*end = 1;
	for (int i = 0; i < RELAYS; i++) {
		wait_for(relays[i].ended);
		check_equal(relays[i].in_wrong_order, 0);
	}
	left = waitpid(-1, NULL, 0);
	check(left < 0, "process %d is left", left);
	return finish();
}
