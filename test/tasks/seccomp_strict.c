// SPDX-License-Identifier: GPL-2.0
/* Strict seccomp: the process reads and writes as before, and is killed by anything else. */
#include "test.h"

#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(int *to, int *from)
{
	int there[2], back[2];
	char byte = 'r';
	pid_t pid;

	must(pipe(there));
	must(pipe(back));
	pid = must(fork());
	if (pid == 0) {
		must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
		write(back[1], &byte, 1);
		while (read(there[0], &byte, 1) == 1) {
			if (byte == 'x')
				syscall(SYS_exit, 5);
			if (byte == 'p')
				syscall(SYS_getpid);
			byte++;
			write(back[1], &byte, 1);
		}
		syscall(SYS_exit, 6);
	}
	must(close(there[0]));
	must(close(back[1]));
	*to = there[1];
	*from = back[0];
	must(read(*from, &byte, 1));
	return pid;
}

static void converse(int to, int from)
{
	char byte = 'a';

	check_equal(write(to, &byte, 1), 1);
	check_equal(read(from, &byte, 1), 1);
	check_equal(byte, 'b');
}

int main(void)
{
	int to[2], from[2], status = 0;
	pid_t ends = start(&to[0], &from[0]), breaks = start(&to[1], &from[1]);

	checkpoint();

	converse(to[0], from[0]);
	converse(to[1], from[1]);
	must(write(to[0], "x", 1));
	check_equal(waitpid(ends, &status, 0), ends);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 5, "status 0x%x", status);
	must(write(to[1], "p", 1));
	check_equal(waitpid(breaks, &status, 0), breaks);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status 0x%x", status);
	return finish();
}
