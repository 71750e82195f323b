// SPDX-License-Identifier: GPL-2.0
// refused: packet mode
/* A pipe in packet mode is not saved yet. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int packets[2];
	char text[16];

	must(pipe2(packets, O_DIRECT));
	must(write(packets[1], "one", 3));
	must(write(packets[1], "twotwo", 6));
	checkpoint();
	check_equal(read(packets[0], text, 16), 3);
	check_equal(read(packets[0], text, 16), 6);
	return finish();
}
