// SPDX-License-Identifier: GPL-2.0
/* A child subreaper still gets the orphans of its tree. */
#include "test.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int set = 0, status = 0;
	pid_t child;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	checkpoint();
	must(prctl(PR_GET_CHILD_SUBREAPER, &set));
	check_equal(set, 1);
	child = must(fork());
	if (child == 0) {
		if (fork() == 0) {
			sleep_milliseconds(50);
			_exit(33);
		}
		_exit(0);
	}
	check_equal(waitpid(child, &status, 0), child);
	check(waitpid(-1, &status, 0) > 0 && WEXITSTATUS(status) == 33, "the orphan did not come: 0x%x", status);
	return finish();
}
