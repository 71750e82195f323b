// SPDX-License-Identifier: GPL-2.0
// refused: which is not part of the tree
/* A descriptor of a process outside of the tree. */
#include "test.h"

#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	int fd = must(syscall(SYS_pidfd_open, getppid(), 0));

	checkpoint();
	check_equal(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), 0);
	return finish();
}
