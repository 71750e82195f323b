// SPDX-License-Identifier: GPL-2.0
// refused: it shares its memory with another process
/* A process that shares its parent's memory (CLONE_VM) and is no thread. */
#include "test.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int ready;

static int child(void *unused)
{
	ready = 1;
	for (;;)
		syscall(SYS_pause);
	return 0;
}

int main(void)
{
	char *stack = must(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	pid_t pid = must(clone(child, stack + 65536, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL));

	wait_for(ready);
	ready = 0;
	checkpoint();
	check_equal(kill(pid, 0), 0);
	must(kill(pid, SIGKILL));
	return finish();
}
