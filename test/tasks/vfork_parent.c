// SPDX-License-Identifier: GPL-2.0
// refused: vfork
/* A parent that waits in vfork for a child that does not go on: it cannot be stopped. */
#include "test.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void waiting(void)
{
	pid_t child;

	announce();
	child = vfork();
	if (child == 0) {
		while (!released())
			syscall(SYS_nanosleep, &(struct { long s, n; }){ 0, 2000000 }, NULL);
		_exit(0);
	}
}

int main(void)
{
	participant(waiting);
	sleep_milliseconds(100);
	checkpoint();
	return finish();
}
