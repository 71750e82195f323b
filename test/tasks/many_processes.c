// SPDX-License-Identifier: GPL-2.0
// modes: cycle
// timeout: 300
/* 1,200 processes, or as many as PROCESSES says, in a tree of three levels: each is there again, below the parent it had, with
 * its memory. */
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEAVES = 99, MOST_MIDDLES = 100 }; /* each middle and its leaves are a hundred */

static volatile struct report {
	int ready, right;
	int go_on;
} *report;

static void wait_here(pid_t parent, int seed)
{
	volatile int mine = seed;

	__atomic_add_fetch(&report->ready, 1, __ATOMIC_SEQ_CST);
	while (!report->go_on)
		pause();
	if (mine == seed && getppid() == parent)
		__atomic_add_fetch(&report->right, 1, __ATOMIC_SEQ_CST);
}

static void ring(int signal)
{
}

static void middle(int number)
{
	pid_t self = getpid(), top = getppid(), leaves[LEAVES];
	int status, bad = 0;

	for (int i = 0; i < LEAVES; i++) {
		leaves[i] = must(fork());
		if (!leaves[i]) {
			wait_here(self, number * 1000 + i);
			_exit(0);
		}
	}
	wait_here(top, number);
	for (int i = 0; i < LEAVES; i++) {
		while (waitpid(leaves[i], &status, WNOHANG) == 0) {
			kill(leaves[i], SIGUSR1); /* again, for one that was just about to wait */
			sleep_milliseconds(1);
		}
		bad |= status;
	}
	_exit(bad != 0);
}

int main(void)
{
	int status, count = atoi(getenv("PROCESSES") ?: "1200") / (LEAVES + 1);
	pid_t middles[MOST_MIDDLES];

	must(count > 0 && count <= MOST_MIDDLES ? 0 : -1);
	report = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	must(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = ring }, NULL));
	for (int i = 0; i < count; i++) {
		middles[i] = must(fork());
		if (!middles[i])
			middle(i);
	}
	while (report->ready < count * (LEAVES + 1))
		sleep_milliseconds(20);
	checkpoint();
	report->go_on = 1;
	for (int i = 0; i < count; i++) {
		while (waitpid(middles[i], &status, WNOHANG) == 0) {
			kill(middles[i], SIGUSR1);
			sleep_milliseconds(1);
		}
		check_equal(status, 0);
	}
	check_equal(report->right, count * (LEAVES + 1));
	return finish();
}
