// SPDX-License-Identifier: GPL-2.0
// refused: processes outside of the tree have it too
/* A segment that somebody else is attached to. */
#include "test.h"

#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int id = must(shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600)), ends[2];
	unsigned char *memory = must(shmat(id, NULL, 0));
	pid_t middle;
	char byte;

	must(shmctl(id, IPC_RMID, NULL));
	must(pipe(ends));
	middle = must(fork());
	if (!middle) {
		if (fork())
			_exit(0);
		setsid(); /* a grandchild that is nobody's, until we end */
		close(ends[1]);
		_exit(read(ends[0], &byte, 1));
	}
	must(waitpid(middle, NULL, 0));
	fill_pattern(memory, 8192, 1);
	checkpoint();
	check_pattern(memory, 8192, 1);
	return finish();
}
