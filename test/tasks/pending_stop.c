// SPDX-License-Identifier: GPL-2.0
/* Stop signals that wait while blocked: the process runs on, and stops when it lets them through. */
#include "test.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int *let_through;

static void stops_later(void)
{
	sigset_t set, pending;

	must(setpgid(0, 0));
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGTTIN);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(raise(SIGTSTP));
	must(kill(getpid(), SIGTTIN));
	checkpoint();
	must(sigpending(&pending));
	check(sigismember(&pending, SIGTSTP) && sigismember(&pending, SIGTTIN), "a stop signal is lost");
	while (!*let_through)
		sleep_milliseconds(1);
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
	must(sigpending(&pending));
	check(sigisemptyset(&pending));
}

int main(void)
{
	pid_t pid;
	int status = 0;

	let_through = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pid = participant(stops_later);
	checkpoint();
	check(process_state(pid) != 'T', "it has stopped already");
	*let_through = 1;
	check_equal(waitpid(pid, &status, WUNTRACED), pid);
	check(WIFSTOPPED(status), "status 0x%x", status);
	while (process_state(pid) == 'T') { /* once for each signal */
		must(kill(pid, SIGCONT));
		sleep_milliseconds(20);
	}
	return finish();
}
