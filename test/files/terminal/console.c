// SPDX-License-Identifier: GPL-2.0
// refused: is a terminal of the machine
/* The console of the machine: only with --external, see external.py. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY);

	if (fd < 0)
		skip("there is no console here");
	checkpoint();
	check(isatty(fd));
	return finish();
}
