// SPDX-License-Identifier: GPL-2.0
/* Members of multicast groups, of IPv4 and IPv6, with and without lists of sources; broadcast. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static struct group_req request(const char *text, unsigned device)
{
	struct group_req request = { .gr_interface = device };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&request.gr_group;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&request.gr_group;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		v4->sin_family = AF_INET;
	else {
		v6->sin6_family = AF_INET6;
		inet_pton(AF_INET6, text, &v6->sin6_addr);
	}
	return request;
}

static void add_source(int fd, int option, const char *group, const char *source, unsigned device)
{
	struct group_source_req both = { .gsr_interface = device };

	both.gsr_group = request(group, device).gr_group;
	both.gsr_source = request(source, device).gr_group;
	must(setsockopt(fd, IPPROTO_IP, option, &both, sizeof(both)));
}

/* "", or the mode and how many sources; -1: no member. */
static int sources(int fd, const char *group, unsigned device, unsigned *mode)
{
	char room[GROUP_FILTER_SIZE(8)] = { 0 };
	struct group_filter *filter = (struct group_filter *)room;
	socklen_t length = sizeof(room);
	int level;

	filter->gf_interface = device;
	filter->gf_group = request(group, device).gr_group;
	filter->gf_numsrc = 8;
	level = filter->gf_group.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	if (getsockopt(fd, level, MCAST_MSFILTER, filter, &length))
		return -1;
	*mode = filter->gf_fmode;
	return filter->gf_numsrc;
}

int main(void)
{
	unsigned device = if_nametoindex("lo"), mode;
	int v4 = must(socket(AF_INET, SOCK_DGRAM, 0)), v6 = must(socket(AF_INET6, SOCK_DGRAM, 0)), on = 1, none;
	struct group_req all = request("239.1.2.3", device), six = request("ff05::77", device);
	socklen_t length = sizeof(on);
	unsigned char hops = 9, loop = 0;
	int value;

	must(setsockopt(v4, IPPROTO_IP, MCAST_JOIN_GROUP, &all, sizeof(all)));
	add_source(v4, MCAST_JOIN_SOURCE_GROUP, "239.1.2.4", "127.0.0.5", device);
	add_source(v4, MCAST_JOIN_SOURCE_GROUP, "239.1.2.4", "127.0.0.6", device);
	add_source(v4, MCAST_BLOCK_SOURCE, "239.1.2.3", "127.0.0.7", device);
	must(setsockopt(v6, IPPROTO_IPV6, MCAST_JOIN_GROUP, &six, sizeof(six)));
	must(setsockopt(v4, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)));
	must(setsockopt(v4, IPPROTO_IP, IP_MULTICAST_TTL, &hops, 1));
	must(setsockopt(v4, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, 1));
	none = must(socket(AF_INET, SOCK_DGRAM, 0));
	checkpoint();
	check_equal(sources(v4, "239.1.2.3", device, &mode), 1);
	check_equal(mode, MCAST_EXCLUDE);
	check_equal(sources(v4, "239.1.2.4", device, &mode), 2);
	check_equal(mode, MCAST_INCLUDE);
	check_equal(sources(v6, "ff05::77", device, &mode), 0);
	check_equal(mode, MCAST_EXCLUDE);
	check_equal(sources(none, "239.1.2.3", device, &mode), -1);
	check(!getsockopt(v4, SOL_SOCKET, SO_BROADCAST, &value, &length) && value == 1);
	check(!getsockopt(none, SOL_SOCKET, SO_BROADCAST, &value, &length) && value == 0);
	length = 1;
	check(!getsockopt(v4, IPPROTO_IP, IP_MULTICAST_TTL, &hops, &length) && hops == 9);
	check(!getsockopt(v4, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, &length) && loop == 0);
	return finish();
}
