// SPDX-License-Identifier: GPL-2.0
/* The signal at a parent's death: not sent by the dump, sent when the restored parent really dies. */
#include "test.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int signalled;

static void handler(int signal)
{
	signalled = signal;
}

static void grandchild(void)
{
	int wanted = 0;

	signal(SIGUSR2, handler);
	must(prctl(PR_SET_PDEATHSIG, SIGUSR2));
	checkpoint();
	must(prctl(PR_GET_PDEATHSIG, &wanted));
	check_equal(wanted, SIGUSR2);
	check_equal(signalled, 0);
	announce(); /* looked at by the child alone: it may die now */
	wait_for(signalled);
	check_equal(signalled, SIGUSR2);
}

static void child(void)
{
	participant(grandchild);
	checkpoint();
	announce(); /* returns when the grandchild has looked around */
	_exit(0);
}

int main(void)
{
	pid_t parent;
	int wanted = -1, status = -1;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1)); /* to hear of the grandchild's end */
	parent = participant(child);
	checkpoint();
	must(prctl(PR_GET_PDEATHSIG, &wanted));
	check_equal(wanted, 0);
	check_equal(waitpid(parent, &status, 0), parent);
	check_equal(status, 0);
	check(waitpid(-1, &status, 0) > 0 && status == 0, "the grandchild ended with 0x%x", status);
	return finish();
}
