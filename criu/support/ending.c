// SPDX-License-Identifier: GPL-2.0
#include "support/ending.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void end_with_status(int status)
{
	const struct rlimit none = { 0, 0 };
	int signo = WTERMSIG(status);
	sigset_t set;

	if (signo) {
		setrlimit(RLIMIT_CORE, &none);
		signal(signo, SIG_DFL);
		sigemptyset(&set);
		sigaddset(&set, signo);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		kill(getpid(), signo);
		kill(getpid(), SIGKILL); /* whom the other did not end */
	}
	_exit(WEXITSTATUS(status));
}
