// SPDX-License-Identifier: GPL-2.0
/* Packet sockets: bound to a device, with rings, fanout, memberships and a filter. */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

enum { GROUP = 0x1234 };

static int bound(int type, int protocol)
{
	struct sockaddr_ll name = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol) };
	int fd = must(socket(AF_PACKET, type, 0));

	name.sll_ifindex = if_nametoindex("lo");
	must(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	return fd;
}

static int get(int fd, int option)
{
	int value = -1;
	socklen_t length = sizeof(value);

	return getsockopt(fd, SOL_PACKET, option, &value, &length) ? -1 : value;
}

int main(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
				      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 1), BPF_STMT(BPF_RET | BPF_K, 60),
				      BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog filter = { 4, code };
	int listener = bound(SOCK_RAW, ETH_P_IP), cooked = bound(SOCK_DGRAM, ETH_P_ALL), ring = bound(SOCK_RAW, ETH_P_IP);
	int one = bound(SOCK_RAW, ETH_P_ARP), two = bound(SOCK_RAW, ETH_P_ARP), on = 1, version = TPACKET_V3, udp, again;
	int group = (getpid() & 0xffff) | PACKET_FANOUT_LB << 16;
	struct tpacket_req3 request = { 4096 * 4, 4, 2048, 32, 60, 0, 0 };
	struct packet_mreq promiscuous = { .mr_ifindex = if_nametoindex("lo"), .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_ll name;
	socklen_t length = sizeof(name);
	struct timeval patience = { .tv_sec = 5 };
	char frame[200];

	must(setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)));
	must(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	must(setsockopt(listener, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)));
	must(setsockopt(cooked, SOL_PACKET, PACKET_ORIGDEV, &on, sizeof(on)));
	must(setsockopt(cooked, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)));
	must(setsockopt(cooked, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)));
	must(setsockopt(ring, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)));
	must(setsockopt(ring, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)));
	must(setsockopt(one, SOL_PACKET, PACKET_FANOUT, &group, sizeof(group)));
	must(setsockopt(two, SOL_PACKET, PACKET_FANOUT, &group, sizeof(group)));
	checkpoint();
	check(!getsockname(listener, (struct sockaddr *)&name, &length));
	check_equal(name.sll_ifindex, if_nametoindex("lo"));
	check_equal(name.sll_protocol, htons(ETH_P_IP));
	check_equal(get(listener, PACKET_AUXDATA), 1);
	check_equal(get(cooked, PACKET_ORIGDEV), 1);
	check_equal(get(cooked, PACKET_AUXDATA), 0);
	check_equal(get(ring, PACKET_VERSION), TPACKET_V3);
	again = setsockopt(ring, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request));
	check(again < 0, "the ring is gone");
	check_equal(get(one, PACKET_FANOUT), group);
	check_equal(get(two, PACKET_FANOUT), group);
	check_equal(setsockopt(cooked, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &promiscuous, sizeof(promiscuous)), 0);
	check_equal(setsockopt(cooked, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &promiscuous, sizeof(promiscuous)), 0);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	while (recv(listener, frame, sizeof(frame), MSG_DONTWAIT) > 0)
		;
	check_equal(sendto(udp, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
	check(recv(listener, frame, sizeof(frame), 0) == 47);
	return finish();
}
