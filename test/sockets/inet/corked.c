// SPDX-License-Identifier: GPL-2.0
// refused: corked
/* A UDP socket with half a datagram: nothing can read it. */
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

int main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0)), other = must(socket(AF_INET, SOCK_DGRAM, 0)), value = 1;
	socklen_t length = sizeof(address);
	char text[8];

	must(bind(other, (struct sockaddr *)&address, sizeof(address)));
	must(getsockname(other, (struct sockaddr *)&address, &length));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	must(setsockopt(fd, IPPROTO_UDP, UDP_CORK, &value, sizeof(value)));
	must(send(fd, "half", 4, 0));
	checkpoint();
	value = 0;
	check(!setsockopt(fd, IPPROTO_UDP, UDP_CORK, &value, sizeof(value)));
	check_equal(recv(other, text, 8, 0), 4);
	return finish();
}
