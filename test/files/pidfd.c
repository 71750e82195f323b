// SPDX-License-Identifier: GPL-2.0
// refused: pidfd
/* A pidfd is not saved yet. */
#include "test.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	int fd = must(syscall(SYS_pidfd_open, getpid(), 0));

	checkpoint();
	check_equal(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), 0);
	return finish();
}
