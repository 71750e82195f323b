// SPDX-License-Identifier: GPL-2.0
// refused: /dev/tty
// options: --shell-job
// terminal: yes
/* A descriptor of /dev/tty is not saved yet. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int fd = must(open("/dev/tty", O_RDWR));

	checkpoint();
	check_equal(tcgetpgrp(fd), getpgrp());
	return finish();
}
