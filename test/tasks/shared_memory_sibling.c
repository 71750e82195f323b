// SPDX-License-Identifier: GPL-2.0
// refused: it shares its memory with a process that is not its parent
/* A process that shares its sibling's memory (CLONE_PARENT). */
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

	ready = 1;
	for (;;)
		syscall(SYS_pause);
	return 0;
}

static void other(void)
{
	char *stack = must(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	pid_t pid = must(clone(child, stack + 65536, CLONE_VM | CLONE_PARENT, NULL));

	wait_for(ready);
	checkpoint();
	check_equal(kill(pid, 0), 0);
	must(kill(pid, SIGKILL));
}

int main(void)
{
	participant(other);
	checkpoint();
	return finish();
}
