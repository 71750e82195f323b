// SPDX-License-Identifier: GPL-2.0
// refused: outside of the tree
/* A connection that leads out of the tree. */
#include "test.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int ends[2];
	char byte;
	pid_t middle;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	/* A grandchild that is nobody's. */
	middle = must(fork());
	if (!middle) {
		if (fork())
			_exit(0);
		setsid();
		close(ends[0]);
		while (read(ends[1], &byte, 1) == 1)
			must(write(ends[1], &byte, 1));
		_exit(0);
	}
	must(waitpid(middle, NULL, 0));
	must(close(ends[1]));
	checkpoint();
	check_equal(write(ends[0], "x", 1), 1);
	check_equal(read(ends[0], &byte, 1), 1);
	return finish();
}
