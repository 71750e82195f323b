// SPDX-License-Identifier: GPL-2.0
// refused: is about a single descriptor or mapping
/* A file of /proc about one descriptor. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int file = must(open("/proc/self/fdinfo/0", O_RDONLY));
	char byte;

	checkpoint();
	check_equal(read(file, &byte, 1), 1);
	return finish();
}
