// SPDX-License-Identifier: GPL-2.0
/* The close-on-exec flag belongs to the descriptor, not to the description; high numbers; owner and signal. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	int kept, closed, status = 0, ends[2];
	char numbers[2][16];
	pid_t child;

	if (count == 3) { /* after exec: the first is there, the second not */
		int a, b;

		sscanf(arguments[1], "%d", &a);
		sscanf(arguments[2], "%d", &b);
		return (fcntl(a, F_GETFD) == 0 ? 0 : 1) + (fcntl(b, F_GETFD) < 0 ? 0 : 2);
	}
	kept = must(open("file", O_RDWR | O_CREAT, 0600));
	closed = must(fcntl(kept, F_DUPFD_CLOEXEC, 500));
	must(pipe(ends));
	must(fcntl(ends[0], F_SETOWN, getpid()));
	must(fcntl(ends[0], F_SETSIG, SIGRTMIN + 4));

	checkpoint();

	check_equal(fcntl(kept, F_GETFD), 0);
	check_equal(fcntl(closed, F_GETFD), FD_CLOEXEC);
	check_equal(fcntl(ends[0], F_GETOWN), getpid());
	check_equal(fcntl(ends[0], F_GETSIG), SIGRTMIN + 4);
	check_equal(fcntl(ends[1], F_GETOWN), 0);
	child = must(fork());
	if (child == 0) {
		snprintf(numbers[0], 16, "%d", kept);
		snprintf(numbers[1], 16, "%d", closed);
		execl("/proc/self/exe", "exec", numbers[0], numbers[1], NULL);
		_exit(99);
	}
	check_equal(waitpid(child, &status, 0), child);
	check_equal(WEXITSTATUS(status), 0);
	return finish();
}
