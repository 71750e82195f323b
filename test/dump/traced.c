// SPDX-License-Identifier: GPL-2.0
// refused: trace
// differs: TracerPid
/* A tree with a process under a debugger is refused, and goes on under its debugger. */
#include "test.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int status = 0;
	pid_t child = must(fork());

	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(8);
	}
	must(waitpid(child, &status, 0));
	checkpoint();
	check_equal(ptrace(PTRACE_CONT, child, 0, 0), 0);
	check_equal(waitpid(child, &status, 0), child);
	check_equal(WEXITSTATUS(status), 8);
	return finish();
}
