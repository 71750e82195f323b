// SPDX-License-Identifier: GPL-2.0
// refused: packet socket
/* Packet sockets are not saved yet. */
#include "test.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <sys/socket.h>

int main(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP)), type = 0;
	socklen_t length = sizeof(type);

	if (fd < 0)
		skip("no packet sockets here");
	checkpoint();
	check(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_RAW);
	return finish();
}
