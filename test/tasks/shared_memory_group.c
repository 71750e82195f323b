// SPDX-License-Identifier: GPL-2.0
// refused: has joined another group than its parent's
/* A process that shares its parent's memory and is in the group of a third one. */
#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int ready;
static pid_t group;

static int child(void *unused)
{
	syscall(SYS_setpgid, 0, group);
	ready = 1;
	for (;;)
		syscall(SYS_pause);
	return 0;
}

int main(void)
{
	char *stack = must(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	pid_t pid;

	group = must(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	if (!group)
		for (;;)
			pause();
	must(setpgid(group, group));
	pid = must(clone(child, stack + 65536, CLONE_VM | SIGCHLD, NULL));

	wait_for(ready);
	checkpoint();
	check_equal(kill(pid, 0), 0);
	must(kill(-group, SIGKILL));
	return finish();
}
