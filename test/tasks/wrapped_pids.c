// SPDX-License-Identifier: GPL-2.0
/* Pids given again after the counter wrapped: children with lower numbers than their parents, in no order. */
#include "test.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t wanted[3];

static pid_t fork_with(pid_t pid)
{
	struct clone_args arguments = {
		.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&pid, .set_tid_size = 1
	};

	return syscall(SYS_clone3, &arguments, sizeof(arguments));
}

static pid_t free_below(pid_t pid)
{
	do {
		pid--;
	} while (kill(pid, 0) == 0 || getpgid(pid) >= 0);
	return pid;
}

/* Each level forks the next one with the number chosen for it. */
static void level(int depth, pid_t parent)
{
	int status = 0;
	pid_t child = 0;

	if (depth < 3) {
		child = must(fork_with(wanted[depth]));
		if (child == 0) {
			become_participant();
			level(depth + 1, wanted[depth - 1] ?: parent);
			_exit(20 + depth);
		}
		add_participant(child);
	}
	checkpoint();
	if (depth)
		check_equal(getpid(), wanted[depth - 1]);
	if (child) {
		check_equal(child, wanted[depth]);
		check_equal(waitpid(child, &status, 0), child);
		check(WIFEXITED(status) && WEXITSTATUS(status) == 20 + depth, "status 0x%x", status);
	}
}

int main(void)
{
	wanted[1] = free_below(getpid());
	wanted[2] = free_below(wanted[1]);
	wanted[0] = free_below(wanted[2]);
	level(0, getpid());
	return finish();
}
