// SPDX-License-Identifier: GPL-2.0
// differs: exit_code
/* Stopped processes stay stopped, can be continued, and a stop not yet reported is still there to report.
 * A stop that was reported already may be reported once more: no image says that it was. */
#include "test.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t stops(int signal)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		setpgid(0, 0); /* a terminal stop does nothing in an orphaned group */
		raise(signal);
		_exit(17);
	}
	wait_for(process_state(pid) == 'T');
	return pid;
}

static void check_goes_on(pid_t pid)
{
	int status = 0;

	check_equal(process_state(pid), 'T');
	check_equal(kill(pid, SIGCONT), 0);
	check_equal(waitpid(pid, &status, 0), pid);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 17, "status 0x%x", status);
}

int main(void)
{
	pid_t by_stop = stops(SIGSTOP), by_tstp = stops(SIGTSTP);
	int status = 0;

	/* One stop has been seen by the parent, the other not. */
	must(waitpid(by_tstp, &status, WUNTRACED));

	checkpoint();

	check_goes_on(by_tstp);
	check_equal(process_state(by_stop), 'T');
	check_equal(waitpid(by_stop, &status, WUNTRACED | WNOHANG), by_stop);
	check(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "status 0x%x", status);
	check_goes_on(by_stop);
	return finish();
}
