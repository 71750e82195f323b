// SPDX-License-Identifier: GPL-2.0
// refused: netlink socket
/* Netlink sockets are not saved yet. */
#include "test.h"

#include <linux/netlink.h>
#include <sys/socket.h>

int main(void)
{
	int fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t length = sizeof(address);

	must(bind(fd, (struct sockaddr *)&address, length));
	checkpoint();
	check(getsockname(fd, (struct sockaddr *)&address, &length) == 0 && address.nl_pid != 0);
	return finish();
}
