// SPDX-License-Identifier: GPL-2.0
/*
 * epoll_members: a process with a descriptor table of its own puts each file at its number there and adds it to the epoll. What
 * is there already is refused (EEXIST), and nothing has changed; what is not is taken out again at once.
 */
#include "files/epoll_members.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cleanup.h"

enum { STACK_BYTES = 64 * 1024 };

struct question {
	const struct task *task;
	int epoll;
	const uint32_t *numbers;
	size_t count;
	bool *members;
};

static bool is_member(int pidfd, int epoll, uint32_t number)
{
	struct epoll_event nothing = { 0 };
	int copy = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);

	if (copy < 0)
		return false;
	if (copy != (int)number) {
		if (dup2(copy, (int)number) < 0)
			return false;
		close(copy);
	}
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, (int)number, &nothing))
		return errno == EEXIST;
	(void)epoll_ctl(epoll, EPOLL_CTL_DEL, (int)number, NULL);
	return false;
}

/* In the process. Its own descriptors are above all numbers. */
static int answer(void *argument)
{
	const struct question *question = argument;
	int above = 0, pidfd = (int)syscall(SYS_pidfd_open, question->task->host_pid, 0), epoll;

	for (size_t i = 0; i < question->count; i++)
		above = (int)question->numbers[i] >= above ? (int)question->numbers[i] + 1 : above;
	pidfd = fcntl(pidfd, F_DUPFD, above);
	epoll = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, question->epoll, 0);
	epoll = epoll < 0 ? -1 : fcntl(epoll, F_DUPFD, above);
	if (epoll < 0)
		return 1;
	for (size_t i = 0; i < question->count; i++)
		question->members[i] = is_member(pidfd, epoll, question->numbers[i]);
	return 0;
}

bool epoll_members(const struct task *task, int epoll, const uint32_t *numbers, size_t count, bool *members)
{
	struct question question = { task, epoll, numbers, count, members };
	cleanup_free char *stack = malloc(STACK_BYTES);
	int status = -1;
	pid_t pid;

	if (!stack)
		return false;
	pid = clone(answer, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, &question);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && !status;
}
