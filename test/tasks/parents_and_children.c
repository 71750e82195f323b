// SPDX-License-Identifier: GPL-2.0
/* A tree three deep: who is whose parent, same pids, waiting for each other, exit codes through the generations. */
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t root, middle;

static void leaf(void)
{
	pid_t pid = getpid(), parent = getppid();

	checkpoint();
	check_equal(getpid(), pid);
	check_equal(getppid(), parent);
	check_equal(getppid(), middle);
}

static void branch(void)
{
	int i;

	middle = getpid();
	for (i = 0; i < 3; i++)
		participant(leaf);
	checkpoint();
	check_equal(getpid(), middle);
	check_equal(getppid(), root);
}

int main(void)
{
	int i, status = 0;
	pid_t late;

	root = getpid();
	for (i = 0; i < 3; i++)
		participant(branch);
	late = must(fork());
	if (late == 0) {
		while (1)
			pause();
	}
	checkpoint();
	check_equal(getpid(), root);
	check_equal(kill(late, SIGKILL), 0);
	check_equal(waitpid(late, &status, 0), late);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return finish();
}
