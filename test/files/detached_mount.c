// SPDX-License-Identifier: GPL-2.0
// refused: a mount that is not attached
/* A copy of a mount that is nowhere. */
#include "test.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	int fd = must(syscall(SYS_open_tree, AT_FDCWD, ".", 1 /* OPEN_TREE_CLONE */));

	checkpoint();
	check_equal(close(fd), 0);
	return finish();
}
