// SPDX-License-Identifier: GPL-2.0
/* Options of UDP sockets: those of sockets, of IPv4, of IPv6, of UDP; a filter; a device; foreign addresses. */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

struct option {
	int level, name, value;
};

static const struct option v4_options[] = {
	{ IPPROTO_IP, IP_TOS, 8 },
	{ IPPROTO_IP, IP_TTL, 44 },
	{ IPPROTO_IP, IP_PKTINFO, 1 },
	{ IPPROTO_IP, IP_RECVTTL, 1 },
	{ IPPROTO_IP, IP_RECVTOS, 1 },
	{ IPPROTO_IP, IP_RECVERR, 1 },
	{ IPPROTO_IP, IP_RECVOPTS, 1 },
	{ IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO },
	{ IPPROTO_IP, IP_FREEBIND, 1 },
	{ IPPROTO_IP, IP_TRANSPARENT, 1 },
	{ IPPROTO_IP, IP_MULTICAST_ALL, 0 },
	{ IPPROTO_IP, IP_MINTTL, 3 },
	{ SOL_SOCKET, SO_BROADCAST, 1 },
	{ SOL_SOCKET, SO_DONTROUTE, 1 },
	{ SOL_SOCKET, SO_NO_CHECK, 1 },
	{ SOL_SOCKET, SO_PRIORITY, 3 },
	{ SOL_SOCKET, SO_MARK, 7 },
	{ SOL_SOCKET, SO_RXQ_OVFL, 1 },
	{ SOL_SOCKET, SO_TIMESTAMPNS, 1 },
	{ SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE },
	{ SOL_SOCKET, SO_BUSY_POLL, 50 },
	{ SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1 },
	{ IPPROTO_UDP, UDP_SEGMENT, 500 },
	{ IPPROTO_UDP, UDP_GRO, 1 },
};
static const struct option v6_options[] = {
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, 1 },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1 },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS, 1 },
	{ IPPROTO_IPV6, IPV6_TCLASS, 0x20 },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, 55 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 5 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0 },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO },
	{ IPPROTO_IPV6, IPV6_RECVERR, 1 },
	{ IPPROTO_IPV6, IPV6_DONTFRAG, 1 },
	{ IPPROTO_IPV6, IPV6_FREEBIND, 1 },
	{ IPPROTO_IPV6, IPV6_TRANSPARENT, 1 },
	{ IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 1 },
};
#define COUNT(array) (sizeof(array) / sizeof(array[0]))

static void set_all(int fd, const struct option *options, size_t count)
{
	for (size_t i = 0; i < count; i++)
		must(setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int)));
}

static void check_all(int fd, const struct option *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		socklen_t length = sizeof(int);
		int value = -1;

		check(!getsockopt(fd, options[i].level, options[i].name, &value, &length));
		check(value == options[i].value, "option %d of level %d: %d instead of %d", options[i].name,
		      options[i].level, value, options[i].value);
	}
}

int main(void)
{
	int v4 = must(socket(AF_INET, SOCK_DGRAM, 0)), v6 = must(socket(AF_INET6, SOCK_DGRAM, 0));
	struct sockaddr_in foreign = { .sin_family = AF_INET, }, name;
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 5) }, got[4];
	struct sock_fprog filter = { 1, code };
	struct sockaddr_in6 foreign6 = { .sin6_family = AF_INET6 };
	int room = 70000, sent_room, received_room, on = 1, value;
	socklen_t length = sizeof(int);
	uint64_t rate = 123456;
	char device[16] = "";

	set_all(v4, v4_options, COUNT(v4_options));
	set_all(v6, v6_options, COUNT(v6_options));
	inet_pton(AF_INET, "192.0.2.77", &foreign.sin_addr);
	inet_pton(AF_INET6, "2001:db8::77", &foreign6.sin6_addr);
	must(bind(v4, (struct sockaddr *)&foreign, sizeof(foreign)));
	length = sizeof(foreign);
	must(getsockname(v4, (struct sockaddr *)&foreign, &length));
	length = sizeof(int);
	must(bind(v6, (struct sockaddr *)&foreign6, sizeof(foreign6)));
	must(setsockopt(v4, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	must(setsockopt(v4, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)));
	must(setsockopt(v4, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)));
	must(setsockopt(v4, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof(rate)));
	must(setsockopt(v4, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)));
	must(getsockopt(v4, SOL_SOCKET, SO_SNDBUF, &sent_room, &length));
	must(getsockopt(v4, SOL_SOCKET, SO_RCVBUF, &received_room, &length));
	checkpoint();
	check_all(v4, v4_options, COUNT(v4_options));
	check_all(v6, v6_options, COUNT(v6_options));
	length = sizeof(name);
	check(!getsockname(v4, (struct sockaddr *)&name, &length) && !memcmp(&name, &foreign, sizeof(name)));
	length = sizeof(foreign6);
	check(!getsockname(v6, (struct sockaddr *)&foreign6, &length) && foreign6.sin6_addr.s6_addr[15] == 0x77);
	length = sizeof(device);
	check(!getsockopt(v4, SOL_SOCKET, SO_BINDTODEVICE, device, &length) && !strcmp(device, "lo"));
	length = 4;
	check(!getsockopt(v4, SOL_SOCKET, SO_GET_FILTER, got, &length) && length == 1 && got[0].k == 5);
	length = sizeof(value);
	check(!getsockopt(v4, SOL_SOCKET, SO_LOCK_FILTER, &value, &length) && value == 1);
	check(!getsockopt(v4, SOL_SOCKET, SO_SNDBUF, &value, &length) && value == sent_room);
	check(!getsockopt(v4, SOL_SOCKET, SO_RCVBUF, &value, &length) && value == received_room);
	rate = 0;
	length = sizeof(rate);
	check(!getsockopt(v4, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &length) && rate == 123456);
	return finish();
}
