// SPDX-License-Identifier: GPL-2.0
// refused: is a file system being set up
/* A file system that is being set up. */
#include "test.h"

#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	int fd = must(syscall(SYS_fsopen, "tmpfs", 0));

	checkpoint();
	check_equal(close(fd), 0);
	return finish();
}
