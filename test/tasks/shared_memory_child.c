// SPDX-License-Identifier: GPL-2.0
// refused: has a child with memory of its own
/* A process that shares its parent's memory and has a child that does not. */
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

static int child(void *unused)
{
	if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0)
		for (;;)
			syscall(SYS_pause);
	ready = 1;
	for (;;)
		syscall(SYS_pause);
	return 0;
}

int main(void)
{
	char *stack = must(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	pid_t pid = must(clone(child, stack + 65536, CLONE_VM | SIGCHLD, NULL));

	wait_for(ready);
	checkpoint();
	check_equal(kill(pid, 0), 0);
	signal(SIGTERM, SIG_IGN);
	must(kill(0, SIGTERM)); /* the other two */
	return finish();
}
