// SPDX-License-Identifier: GPL-2.0
/* Netlink sockets: number, groups (also those that fit into no address), peer, options; they still work. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static uint32_t port_of(int fd, uint32_t *groups)
{
	struct sockaddr_nl address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length))
		return -1;
	*groups = address.nl_groups;
	return address.nl_pid;
}

/* Asks for the loopback device; what others do to devices may be told before the answer. */
static bool works(int fd)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body;
	} request = { { sizeof(request), RTM_GETLINK, NLM_F_REQUEST, 7, 0 }, { .ifi_index = 1 } };
	char answer[16384];
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;

	if (send(fd, &request, sizeof(request), 0) != sizeof(request))
		return false;
	for (;;) {
		if (recv(fd, answer, sizeof(answer), 0) > 0) {
			if (header->nlmsg_seq == 7)
				return header->nlmsg_type == RTM_NEWLINK;
		} else if (errno != ENOBUFS) { /* others did much to devices meanwhile */
			return false;
		}
	}
}

int main(void)
{
	int bound = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)), fresh = must(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE));
	int chosen = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT)), on = 1, value = 0, group = RTNLGRP_NSID;
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_ROUTE };
	uint32_t before, groups, words[4] = { 0 };
	socklen_t length = sizeof(value);

	must(bind(bound, (struct sockaddr *)&address, sizeof(address)));
	must(setsockopt(bound, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)));
	group = RTNLGRP_BRVLAN; /* the second word */
	must(setsockopt(bound, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)));
	must(setsockopt(bound, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)));
	must(setsockopt(bound, SOL_NETLINK, NETLINK_PKTINFO, &on, sizeof(on)));
	address.nl_groups = 1;
	address.nl_pid = getpid() + 4000000;
	must(bind(chosen, (struct sockaddr *)&address, sizeof(address)));
	before = port_of(bound, &groups);
	checkpoint();
	check_equal(port_of(bound, &groups), before);
	check_equal(groups, RTMGRP_LINK | RTMGRP_IPV4_ROUTE | 1u << (RTNLGRP_NSID - 1));
	length = sizeof(words);
	check(!getsockopt(bound, SOL_NETLINK, 9, words, &length));
	check_equal(words[1], 1u << (RTNLGRP_BRVLAN - 33));
	check_equal(port_of(chosen, &groups), (uint32_t)getpid() + 4000000);
	check_equal(groups, 1);
	length = sizeof(value);
	check(!getsockopt(bound, SOL_NETLINK, NETLINK_EXT_ACK, &value, &length) && value == 1);
	check(!getsockopt(bound, SOL_NETLINK, NETLINK_PKTINFO, &value, &length) && value == 1);
	check(!getsockopt(bound, SOL_NETLINK, NETLINK_NO_ENOBUFS, &value, &length) && value == 0);
	check(!getsockopt(fresh, SOL_SOCKET, SO_TYPE, &value, &length) && value == SOCK_DGRAM);
	check_equal(port_of(fresh, &groups), 0);
	check(works(bound));
	check(works(fresh));
	return finish();
}
