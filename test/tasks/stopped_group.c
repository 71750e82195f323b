// SPDX-License-Identifier: GPL-2.0
// differs: exit_code
/* A process group that was stopped as a whole, a process with threads in it, stays stopped and is continued as a whole. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MEMBERS = 3 };

static volatile int *counters; /* shared by all members */

static void *counting(void *argument)
{
	for (;;) {
		(*(volatile int *)argument)++;
		sleep_milliseconds(1);
	}
	return NULL;
}

static pid_t member(int number, pid_t group)
{
	pid_t pid = must(fork());
	pthread_t id;

	if (pid == 0) {
		must(-pthread_create(&id, NULL, counting, (void *)&counters[number * 2]));
		counting((void *)&counters[number * 2 + 1]);
	}
	must(setpgid(pid, group ?: pid));
	wait_for(counters[number * 2] && counters[number * 2 + 1]);
	return pid;
}

int main(void)
{
	pid_t pids[MEMBERS];
	int before[MEMBERS * 2], status = 0;

	counters = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	for (int i = 0; i < MEMBERS; i++)
		pids[i] = member(i, i ? pids[0] : 0);
	must(kill(-pids[0], SIGSTOP));
	for (int i = 0; i < MEMBERS; i++)
		wait_for(process_state(pids[i]) == 'T');

	checkpoint();

	for (int i = 0; i < MEMBERS * 2; i++)
		before[i] = counters[i];
	sleep_milliseconds(50);
	for (int i = 0; i < MEMBERS; i++) {
		check_equal(process_state(pids[i]), 'T');
		check_equal(getpgid(pids[i]), pids[0]);
	}
	for (int i = 0; i < MEMBERS * 2; i++)
		check_equal(counters[i], before[i]);
	must(kill(-pids[0], SIGCONT));
	for (int i = 0; i < MEMBERS * 2; i++)
		wait_for(counters[i] > before[i] + 1);
	must(kill(-pids[0], SIGTERM));
	for (int i = 0; i < MEMBERS; i++) {
		do
			must(waitpid(pids[i], &status, 0));
		while (WIFSTOPPED(status));
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "status 0x%x", status);
	}
	return finish();
}
