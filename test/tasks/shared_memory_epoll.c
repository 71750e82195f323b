// SPDX-License-Identifier: GPL-2.0
// refused: has an epoll that watches its descriptor
/* An epoll in the descriptor table that a process has alone, while it shares its parent's memory. */
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
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = syscall(SYS_epoll_create1, 0), file = syscall(SYS_eventfd2, 0, 0);

	syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, file, &event);
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
	must(kill(pid, SIGKILL));
	return finish();
}
