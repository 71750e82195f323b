// SPDX-License-Identifier: GPL-2.0
// refused: no process of the tree is in
/* An open file of a namespace that is empty. */
#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	char path[64];
	pid_t child = must(fork());
	int fd;

	if (child == 0) {
		must(unshare(CLONE_NEWUTS));
		must(sethostname("elsewhere", 9));
		pause();
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/uts", child);
	for (;;) {
		char own[64] = "", theirs[64] = "";

		must(readlink("/proc/self/ns/uts", own, 63));
		must(readlink(path, theirs, 63));
		if (strcmp(own, theirs))
			break;
		sleep_milliseconds(1);
	}
	fd = must(open(path, O_RDONLY));
	must(kill(child, SIGKILL));
	must(waitpid(child, NULL, 0));

	checkpoint();

	check_equal(setns(fd, CLONE_NEWUTS), 0);
	return finish();
}
