// SPDX-License-Identifier: GPL-2.0
// refused: IPv6 socket
/* IPv6 sockets are not saved yet. */
#include "test.h"

#include <netinet/in.h>
#include <sys/socket.h>

int main(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
	socklen_t length = sizeof(address);

	if (fd < 0)
		skip("there is no IPv6 here");
	must(bind(fd, (struct sockaddr *)&address, length));
	checkpoint();
	check(getsockname(fd, (struct sockaddr *)&address, &length) == 0 && address.sin6_port != 0);
	return finish();
}
