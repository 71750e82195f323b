// SPDX-License-Identifier: GPL-2.0
// refused: has data in it
/* A connection that is not accepted yet and has data in it cannot be looked into. */
#include "test.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = must(socket(AF_UNIX, SOCK_STREAM, 0)), client = must(socket(AF_UNIX, SOCK_STREAM, 0));
	char byte = 0;

	snprintf(address.sun_path + 1, 32, "waiting-%d", getpid());
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	must(listen(listener, 2));
	must(connect(client, (struct sockaddr *)&address, sizeof(address)));
	must(write(client, "x", 1));
	checkpoint();
	check_equal(read(must(accept(listener, NULL, NULL)), &byte, 1), 1);
	check_equal(byte, 'x');
	return finish();
}
