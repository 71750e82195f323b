// SPDX-License-Identifier: GPL-2.0
// refused: IPv4 socket
/* Network sockets are not saved yet: refused before anything is touched. */
#include "test.h"

#include <netinet/in.h>
#include <sys/socket.h>

int main(void)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);

	must(bind(fd, (struct sockaddr *)&address, length));
	must(listen(fd, 1));
	checkpoint();
	check(getsockname(fd, (struct sockaddr *)&address, &length) == 0 && address.sin_port != 0);
	return finish();
}
