// SPDX-License-Identifier: GPL-2.0
// refused: is a terminal of the machine
/* A virtual console: only with --external, see external.py. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/dev/tty9", O_WRONLY | O_NOCTTY);

	if (fd < 0)
		skip("there is no virtual console here");
	checkpoint();
	check(isatty(fd));
	return finish();
}
