// SPDX-License-Identifier: GPL-2.0
/* Raw sockets of IPv4 and IPv6 with their filters and header options, UDP-Lite, sockets for pings. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static int get(int fd, int level, int option)
{
	int value = -1;
	socklen_t length = sizeof(value);

	return getsockopt(fd, level, option, &value, &length) ? -1 : value;
}

int main(void)
{
	int v4 = must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)), v6 = must(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	int other = must(socket(AF_INET, SOCK_RAW, 253)), lite = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE), on = 1;
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, name;
	int filter = ~(1 << ICMP_ECHO), coverage = 20;
	struct icmphdr ping = { .type = ICMP_ECHO, .checksum = htons(0xf7ff) };
	struct icmp6_filter filter6;
	socklen_t length = sizeof(name);
	char packet[256];

	must(setsockopt(v4, 255, 1, &filter, sizeof(filter)));
	must(connect(v4, (struct sockaddr *)&address, sizeof(address)));
	ICMP6_FILTER_SETBLOCKALL(&filter6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter6);
	must(setsockopt(v6, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof(filter6)));
	must(setsockopt(other, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)));
	must(bind(other, (struct sockaddr *)&address, sizeof(address)));
	if (lite >= 0) {
		must(setsockopt(lite, 136, 10, &coverage, sizeof(coverage)));
		must(bind(lite, (struct sockaddr *)&address, sizeof(address)));
	}
	checkpoint();
	check_equal(get(v4, 255, 1), filter);
	memset(&filter6, 0, sizeof(filter6));
	length = sizeof(filter6);
	check(!getsockopt(v6, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, &length));
	check(ICMP6_FILTER_WILLPASS(ICMP6_ECHO_REPLY, &filter6) && ICMP6_FILTER_WILLBLOCK(ICMP6_ECHO_REQUEST, &filter6));
	check_equal(get(other, IPPROTO_IP, IP_HDRINCL), 1);
	check_equal(get(other, SOL_SOCKET, SO_PROTOCOL), 253);
	check_equal(get(v4, IPPROTO_IP, IP_HDRINCL), 0);
	length = sizeof(name);
	check(!getsockname(other, (struct sockaddr *)&name, &length) && name.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	check_equal(send(v4, &ping, sizeof(ping), 0), sizeof(ping));
	check(recv(v4, packet, sizeof(packet), 0) == 28);
	if (lite >= 0) {
		check_equal(get(lite, 136, 10), coverage);
		check(!getsockname(lite, (struct sockaddr *)&name, &length) && name.sin_port != 0);
	}
	return finish();
}
