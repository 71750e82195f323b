// SPDX-License-Identifier: GPL-2.0
// modes: cycle twice leave-running
/* Descriptors of /dev/net/tun: not attached; of a tap device that is gone with them, with its owner, addresses, routes and
 * queues; of a tun device that is persistent. Packets go through afterwards. */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static char tap_name[IFNAMSIZ], tun_name[IFNAMSIZ];
static const unsigned char hardware[6] = { 2, 0, 0x11, 0x22, 0x33, 0x44 };
static int inet;

/* Another test may run beside this one in the same network. */
static const char *address_in(int network, int host)
{
	static char text[4][32];
	static int next;
	char *out = text[next++ % 4];

	snprintf(out, 32, "%d.%d.%d.%d", network, getpid() % 250, getpid() / 250 % 250, host);
	return out;
}

static int open_tun(int flags)
{
	int fd = open("/dev/net/tun", O_RDWR | flags);

	if (fd < 0)
		skip("no /dev/net/tun here");
	return fd;
}

static int attach(const char *name, short flags)
{
	int fd = open_tun(O_NONBLOCK);
	struct ifreq request = { .ifr_flags = flags };

	strcpy(request.ifr_name, name);
	if (ioctl(fd, TUNSETIFF, &request))
		skip("network devices cannot be made here");
	return fd;
}

static void address_of(const char *name, const char *address, const char *mask)
{
	struct ifreq request = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;

	strcpy(request.ifr_name, name);
	in->sin_family = AF_INET;
	must(inet_pton(AF_INET, address, &in->sin_addr));
	must(ioctl(inet, SIOCSIFADDR, &request));
	must(inet_pton(AF_INET, mask, &in->sin_addr));
	must(ioctl(inet, SIOCSIFNETMASK, &request));
	must(ioctl(inet, SIOCGIFFLAGS, &request));
	request.ifr_flags |= IFF_UP;
	must(ioctl(inet, SIOCSIFFLAGS, &request));
}

static int queue_flags(int fd)
{
	struct ifreq request = { 0 };

	return ioctl(fd, TUNGETIFF, &request) ? -1 : (unsigned short)request.ifr_flags;
}

static void run(const char *format, const char *name, const char *address)
{
	char command[256];

	snprintf(command, sizeof(command), format, name, address);
	check(system(command) == 0, "%s", command);
}

static uint32_t feature(const char *name, uint32_t question)
{
	struct ethtool_value value = { .cmd = question };
	struct ifreq request = { .ifr_data = (void *)&value };

	strcpy(request.ifr_name, name);
	must(ioctl(inet, SIOCETHTOOL, &request));
	return value.data;
}

/* A datagram to a neighbour comes out of the descriptor. */
static void check_packet(int fd, const char *to, int header, const char *what)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9999) };
	unsigned char packet[2048];
	ssize_t length = 0;

	inet_pton(AF_INET, to, &address.sin_addr);
	check(sendto(inet, "datagram", 8, 0, (struct sockaddr *)&address, sizeof(address)) == 8, "%s: no way to %s: %s", what, to,
	      strerror(errno));
	for (int i = 0; i < 20; i++) {
		poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 1000);
		length = read(fd, packet, sizeof(packet));
		if (length > header + 28 && packet[header] == 0x45 && !memcmp(packet + length - 8, "datagram", 8))
			return;
	}
	check(false, "%s: the packet does not come", what);
}

int main(void)
{
	int single, first, second, tun, size = 12;
	struct ifreq request = { 0 };
	unsigned index;

	inet = must(socket(AF_INET, SOCK_DGRAM, 0));
	snprintf(tap_name, sizeof(tap_name), "ta%d", getpid());
	snprintf(tun_name, sizeof(tun_name), "tu%d", getpid());
	single = open_tun(O_CLOEXEC);
	first = attach(tap_name, IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE | IFF_VNET_HDR);
	second = attach(tap_name, IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE | IFF_VNET_HDR);
	must(ioctl(second, TUNSETQUEUE, &(struct ifreq){ .ifr_flags = IFF_DETACH_QUEUE }));
	must(ioctl(first, TUNSETOWNER, 1234UL));
	must(ioctl(first, TUNSETVNETHDRSZ, &size));
	must(ioctl(first, TUNSETOFFLOAD, (unsigned long)(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)));
	strcpy(request.ifr_name, tap_name);
	request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(request.ifr_hwaddr.sa_data, hardware, 6);
	must(ioctl(inet, SIOCSIFHWADDR, &request));
	request.ifr_mtu = 1400;
	must(ioctl(inet, SIOCSIFMTU, &request));
	address_of(tap_name, address_in(10, 1), "255.255.255.0");
	tun = attach(tun_name, IFF_TUN | IFF_NO_PI);
	must(ioctl(tun, TUNSETPERSIST, 1UL));
	address_of(tun_name, address_in(11, 1), "255.255.255.0");
	run("ip route add dev %s %s/24 via 10.$(($PPID % 250)).$(($PPID / 250 % 250)).2", tap_name, address_in(12, 0));
	run("ip neigh add dev %s lladdr 02:00:00:00:00:02 %s", tap_name, address_in(10, 2));
	index = if_nametoindex(tap_name);

	checkpoint();

	check_equal(fcntl(single, F_GETFD), FD_CLOEXEC);
	check_equal(queue_flags(single), -1);
	check(fcntl(first, F_GETFL) & O_NONBLOCK);
	check_equal(queue_flags(first) & (IFF_TAP | IFF_MULTI_QUEUE | IFF_VNET_HDR | IFF_DETACH_QUEUE),
		    IFF_TAP | IFF_MULTI_QUEUE | IFF_VNET_HDR);
	check(queue_flags(second) & IFF_DETACH_QUEUE, "the queue is attached");
	check(queue_flags(tun) & IFF_PERSIST, "the device is not persistent");
	check(ioctl(first, TUNGETVNETHDRSZ, &size) == 0 && size == 12);
	check_equal(if_nametoindex(tap_name), index);
	check(feature(tap_name, ETHTOOL_GTXCSUM) && feature(tap_name, ETHTOOL_GTSO), "offload is lost");
	check(!feature(tun_name, ETHTOOL_GTSO));
	check(ioctl(inet, SIOCGIFMTU, &request) == 0 && request.ifr_mtu == 1400, "the MTU is %d", request.ifr_mtu);
	check(ioctl(inet, SIOCGIFHWADDR, &request) == 0 && !memcmp(request.ifr_hwaddr.sa_data, hardware, 6));
	run("ip -d link show %s | grep -q 'user 1234'", tap_name, NULL);
	run("ip route show dev %s | grep -q ^%s/24", tap_name, address_in(12, 0));
	run("ip neigh replace dev %s lladdr 02:00:00:00:00:02 %s", tap_name, address_in(10, 2));
	check_packet(first, address_in(12, 9), 12 + 14, "tap");
	check_packet(tun, address_in(11, 9), 0, "tun");
	check_equal(ioctl(tun, TUNSETPERSIST, 0UL), 0);
	return finish();
}
