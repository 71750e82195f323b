// SPDX-License-Identifier: GPL-2.0
/* Files and directories in /proc of processes that have ended: open, and of nobody. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return must(open(path, flags));
}

static pid_t start(void)
{
	pid_t pid = must(fork());

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void end(pid_t pid)
{
	must(kill(pid, 9));
	must(waitpid(pid, NULL, 0));
}

int main(void)
{
	pid_t first = start(), second = start();
	int status = open_of(first, "status", O_RDONLY), directory = open_of(first, "", O_RDONLY | O_DIRECTORY);
	int handle = open_of(second, "cmdline", O_PATH), task = open_of(second, "task", O_RDONLY | O_CLOEXEC), inherited;
	struct stat found;
	char text[64];

	inherited = open_of(second, "stat", O_RDONLY);
	end(first);
	end(second);

	checkpoint();

	check(read(status, text, 64) < 0 && errno == ESRCH, "errno %d", errno);
	check(read(inherited, text, 64) < 0 && errno == ESRCH, "errno %d", errno);
	check(openat(directory, "status", O_RDONLY) < 0 && errno == ESRCH, "errno %d", errno);
	check(openat(task, "1", O_RDONLY) < 0, "errno %d", errno);
	check_equal(fstat(handle, &found), 0);
	check(S_ISREG(found.st_mode));
	check(kill(first, 0) < 0 && kill(second, 0) < 0, "the helper is still there");
	return finish();
}
