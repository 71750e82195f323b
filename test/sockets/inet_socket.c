// SPDX-License-Identifier: GPL-2.0
/* IPv4 sockets without connections: new, bound, listening; UDP bound and connected. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &length) ? -1 : ntohs(address.sin_port);
}

static int bound(int type)
{
	struct sockaddr_in address = loopback(0);
	int fd = must(socket(AF_INET, type, 0));

	must(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

int main(void)
{
	int fresh = must(socket(AF_INET, SOCK_STREAM, 0)), idle = bound(SOCK_STREAM), listener = bound(SOCK_STREAM);
	int receiver = bound(SOCK_DGRAM), sender = bound(SOCK_DGRAM), backlog;
	struct sockaddr_in address = loopback(port_of(receiver)), from;
	socklen_t length = sizeof(from);
	int idle_port = port_of(idle), listening_port = port_of(listener), sending_port = port_of(sender), fd;
	struct tcp_info info;
	char text[8] = "";

	must(listen(listener, 17));
	must(connect(sender, (struct sockaddr *)&address, sizeof(address)));
	checkpoint();
	check_equal(port_of(idle), idle_port);
	check_equal(port_of(listener), listening_port);
	check_equal(port_of(sender), sending_port);
	length = sizeof(info);
	check(!getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &length));
	backlog = info.tcpi_sacked;
	check_equal(backlog, 17);
	address = loopback(listening_port);
	check_equal(connect(fresh, (struct sockaddr *)&address, sizeof(address)), 0);
	fd = accept(listener, NULL, NULL);
	check(fd >= 0);
	check_equal(write(fresh, "hello", 5), 5);
	check_equal(read(fd, text, 8), 5);
	check_equal(send(sender, "datagram", 8, 0), 8);
	length = sizeof(from);
	check_equal(recvfrom(receiver, text, 8, 0, (struct sockaddr *)&from, &length), 8);
	check_equal(ntohs(from.sin_port), sending_port);
	check_equal(listen(idle, 1), 0);
	check_equal(port_of(idle), idle_port);
	return finish();
}
