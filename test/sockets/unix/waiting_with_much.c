// SPDX-License-Identifier: GPL-2.0
// refused: has data in it
/* So much was written at once over a connection that is not accepted yet that the kernel keeps it in pages, where it
 * cannot be read. */
#include "test.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = must(socket(AF_UNIX, SOCK_STREAM, 0)), client = must(socket(AF_UNIX, SOCK_STREAM, 0));
	static char much[20000], got[sizeof(much)];

	snprintf(address.sun_path + 1, 32, "much-%d", getpid());
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	must(listen(listener, 2));
	must(connect(client, (struct sockaddr *)&address, sizeof(address)));
	fill_pattern(much, sizeof(much), 1);
	must(write(client, much, sizeof(much)));
	checkpoint();
	check_equal(recv(must(accept(listener, NULL, NULL)), got, sizeof(got), MSG_WAITALL), sizeof(got));
	check_pattern(got, sizeof(got), 1);
	return finish();
}
