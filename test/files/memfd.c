// SPDX-License-Identifier: GPL-2.0
// refused: memfd
/* A memfd is not saved yet. */
#include "test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	int fd = must(memfd_create("some memory", 0));
	char text[8] = "";

	must(write(fd, "inside", 6));
	checkpoint();
	check_equal(pread(fd, text, 6, 0), 6);
	check(memcmp(text, "inside", 6) == 0);
	return finish();
}
