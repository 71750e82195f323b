// SPDX-License-Identifier: GPL-2.0
/* Sockets for pings (SOCK_DGRAM of ICMP), which only users of some groups may make: bound to a number, connected. IPv4 and
 * IPv6. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

/* The groups that may make them, in this network namespace: for the moment of making one. */
static int make(int family, int protocol)
{
	static const char path[] = "/proc/sys/net/ipv4/ping_group_range";
	char before[64] = "";
	FILE *file = fopen(path, "r+e");
	int fd;

	if (!file || !fgets(before, sizeof(before), file))
		skip("the groups that may send pings cannot be read");
	rewind(file);
	fputs("0 0", file);
	fflush(file);
	fd = socket(family, SOCK_DGRAM, protocol);
	if (fd < 0 && errno == EACCES)
		skip("this host does not let root make sockets for pings");
	return must(fd);
}

static bool echoes(int fd, const char *text)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	char answer[64] = "";

	return poll(&ready, 1, 5000) == 1 && recv(fd, answer, sizeof(answer), 0) == 8 + (ssize_t)strlen(text) &&
	       !memcmp(answer + 8, text, strlen(text));
}

static void ping(int fd, int type, const char *text)
{
	char packet[64] = { type };

	strcpy(packet + 8, text);
	check(send(fd, packet, 8 + strlen(text), 0) == 8 + (ssize_t)strlen(text), "%m");
}

int main(void)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1) }, name;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int four = make(AF_INET, IPPROTO_ICMP), six = make(AF_INET6, IPPROTO_ICMPV6);
	socklen_t length = sizeof(name);

	must(bind(four, (struct sockaddr *)&v4, sizeof(v4)));
	must(getsockname(four, (struct sockaddr *)&v4, &length));
	must(connect(four, (struct sockaddr *)&v4, sizeof(v4)));
	must(bind(six, (struct sockaddr *)&v6, sizeof(v6)));
	must(connect(six, (struct sockaddr *)&v6, sizeof(v6)));
	checkpoint();
	check(!getsockname(four, (struct sockaddr *)&name, &length));
	check_equal(name.sin_port, v4.sin_port);
	ping(four, ICMP_ECHO, "four");
	check(echoes(four, "four"));
	ping(six, ICMP6_ECHO_REQUEST, "six");
	check(echoes(six, "six"));
	return finish();
}
