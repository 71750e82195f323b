// SPDX-License-Identifier: GPL-2.0
/* Children that have ended and wait to be reaped: exit code, signal, core flag, group, name; no SIGCHLD anew. */
#include "test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int chld;

static void handler(int signal)
{
	chld++;
}

static pid_t dies(int code, int signal, int own_group)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		if (own_group)
			setpgid(0, 0);
		if (signal)
			kill(getpid(), signal);
		_exit(code);
	}
	wait_for(process_state(pid) == 'Z');
	return pid;
}

static void check_end(pid_t pid, int status_wanted)
{
	int status = 0;

	check_equal(waitpid(pid, &status, WNOHANG), pid);
	check(status == status_wanted, "status 0x%x instead of 0x%x", status, status_wanted);
}

int main(void)
{
	struct rlimit none = { 0, 0 };
	pid_t zero, seven, killed, terminated, grouped;

	must(setrlimit(RLIMIT_CORE, &none));
	zero = dies(0, 0, 0);
	seven = dies(7, 0, 0);
	killed = dies(0, SIGKILL, 0);
	terminated = dies(0, SIGTERM, 0);
	grouped = dies(255, 0, 1);
	signal(SIGCHLD, handler);

	checkpoint();

	check_equal(chld, 0);
	check_equal(getpgid(grouped), grouped);
	check_end(zero, 0);
	check_end(seven, 7 << 8);
	check_end(killed, SIGKILL);
	check_end(terminated, SIGTERM);
	check_end(grouped, 255 << 8);
	check(waitpid(-1, NULL, WNOHANG) < 0, "there are more children than there were");
	return finish();
}
