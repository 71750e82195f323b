// SPDX-License-Identifier: GPL-2.0
/* IPv6 sockets without connections: with and without IPv4, beside each other at one port. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

int main(void)
{
	int only = must(socket(AF_INET6, SOCK_STREAM, 0)), v4 = must(socket(AF_INET, SOCK_STREAM, 0)), on = 1, fd;
	int both = must(socket(AF_INET6, SOCK_DGRAM, 0)), sender = must(socket(AF_INET, SOCK_DGRAM, 0)), value;
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 }, other = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4_address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	char text[8];

	must(setsockopt(only, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)));
	must(bind(only, (struct sockaddr *)&address, sizeof(address)));
	must(listen(only, 3));
	must(getsockname(only, (struct sockaddr *)&address, &length));
	v4_address.sin_port = address.sin6_port;
	must(bind(v4, (struct sockaddr *)&v4_address, sizeof(v4_address)));
	must(listen(v4, 3));
	must(bind(both, (struct sockaddr *)&other, sizeof(other)));
	must(getsockname(both, (struct sockaddr *)&other, &length));
	checkpoint();
	length = sizeof(value);
	check(!getsockopt(only, IPPROTO_IPV6, IPV6_V6ONLY, &value, &length) && value == 1);
	check(!getsockopt(both, IPPROTO_IPV6, IPV6_V6ONLY, &value, &length) && value == 0);
	address.sin6_addr = in6addr_loopback;
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	check_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	check(accept(only, NULL, NULL) >= 0);
	v4_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	check_equal(connect(fd, (struct sockaddr *)&v4_address, sizeof(v4_address)), 0);
	check(accept(v4, NULL, NULL) >= 0);
	v4_address.sin_port = other.sin6_port;
	check_equal(sendto(sender, "x", 1, 0, (struct sockaddr *)&v4_address, sizeof(v4_address)), 1);
	check_equal(recv(both, text, 8, 0), 1);
	return finish();
}
