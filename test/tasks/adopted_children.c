// SPDX-License-Identifier: GPL-2.0
/* Orphans that a subreaper inside the tree has adopted: of a root and of a deeper one, with own group or session. */
#include "test.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum shape { PLAIN, OWN_GROUP, OWN_SESSION };

static void orphan(enum shape shape, pid_t reaper)
{
	pid_t group, session;

	become_participant();
	if (shape == OWN_GROUP)
		must(setpgid(0, 0));
	if (shape == OWN_SESSION)
		must(setsid());
	wait_for(getppid() == reaper);
	group = getpgrp();
	session = getsid(0);
	checkpoint();
	check_equal(getppid(), reaper);
	check_equal(getpgrp(), group);
	check_equal(getsid(0), session);
	_exit(40 + shape);
}

/* Makes a child of a child and lets the one between end. */
static pid_t adopt(enum shape shape)
{
	pid_t reaper = getpid(), between, pid = -1;
	int ends[2];

	must(pipe(ends));
	between = must(fork());
	if (between == 0) {
		pid = fork();
		if (pid == 0) {
			close(ends[0]);
			close(ends[1]);
			orphan(shape, reaper);
		}
		must(write(ends[1], &pid, sizeof(pid)));
		_exit(0);
	}
	must(waitpid(between, NULL, 0));
	must(read(ends[0], &pid, sizeof(pid)));
	must(close(ends[0]));
	must(close(ends[1]));
	add_participant(pid);
	return pid;
}

static void check_end(pid_t pid, int code)
{
	int status = 0;

	check_equal(waitpid(pid, &status, 0), pid);
	check(WIFEXITED(status) && WEXITSTATUS(status) == code, "status 0x%x", status);
}

int main(void)
{
	pid_t plain, grouped, leading;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	plain = adopt(PLAIN);
	grouped = adopt(OWN_GROUP);
	leading = adopt(OWN_SESSION);
	checkpoint();
	check_end(plain, 40);
	check_end(grouped, 41);
	check_end(leading, 42);
	return finish();
}
