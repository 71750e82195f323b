// SPDX-License-Identifier: GPL-2.0
// refused: unix socket
/* Unix sockets are not saved yet. */
#include "test.h"

#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	int ends[2];
	char byte = 0;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	must(write(ends[0], "x", 1));
	checkpoint();
	check_equal(read(ends[1], &byte, 1), 1);
	check_equal(byte, 'x');
	return finish();
}
