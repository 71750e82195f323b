// SPDX-License-Identifier: GPL-2.0
/*
 * A tun or tap device: its settings are asked through a descriptor (linux/if_tun.h) and through rtnetlink(7). Addresses
 * and routes are kept as the messages that the kernel tells and takes them in.
 */
#include "files/tun.h"

#include <linux/ethtool.h>
#include <linux/filter.h>
#include <net/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/rtnetlink.h"
#include "support/cleanup.h"

enum { SETTABLE_LINK_FLAGS = IFF_UP | IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP | IFF_MULTICAST | IFF_DEBUG };

/* ---- dump ---- */

struct collecting {
	struct dump *dump;
	TunDeviceEntry *entry;
	uint32_t index;
	size_t capacity;
};

static uint32_t number_in(const struct rtattr *attribute)
{
	return *(const uint32_t *)RTA_DATA(attribute);
}

static void take_owner(const struct rtattr *info, TunDeviceEntry *entry)
{
	const struct rtattr *data = NULL;
	int left = RTA_PAYLOAD(info);

	for (const struct rtattr *at = RTA_DATA(info); RTA_OK(at, left); at = RTA_NEXT(at, left))
		if (at->rta_type == IFLA_INFO_DATA)
			data = at;
	left = data ? RTA_PAYLOAD(data) : 0;
	for (const struct rtattr *at = data ? RTA_DATA(data) : NULL; at && RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		if (at->rta_type == IFLA_TUN_OWNER)
			entry->owner = number_in(at);
		if (at->rta_type == IFLA_TUN_GROUP)
			entry->group = number_in(at);
	}
}

static struct error *take_link(void *argument, const struct nlmsghdr *answer)
{
	const struct collecting *all = argument;
	const struct ifinfomsg *link = NLMSG_DATA(answer);
	const struct rtattr *attribute;
	TunDeviceEntry *entry = all->entry;

	if ((uint32_t)link->ifi_index != all->index)
		return NULL;
	SET(entry, link_flags, link->ifi_flags & SETTABLE_LINK_FLAGS);
	attribute = rtnetlink_attribute(answer, sizeof(*link), IFLA_MTU);
	if (attribute)
		SET(entry, mtu, number_in(attribute));
	attribute = rtnetlink_attribute(answer, sizeof(*link), IFLA_TXQLEN);
	if (attribute)
		SET(entry, queue_length, number_in(attribute));
	attribute = rtnetlink_attribute(answer, sizeof(*link), IFLA_CARRIER);
	if (attribute)
		SET(entry, carrier, *(const uint8_t *)RTA_DATA(attribute));
	attribute = rtnetlink_attribute(answer, sizeof(*link), IFLA_ADDRESS);
	if (attribute && link->ifi_type == ARPHRD_ETHER) {
		entry->has_address = true;
		entry->address.len = RTA_PAYLOAD(attribute);
		entry->address.data = arena_copy(all->dump->arena, RTA_DATA(attribute), entry->address.len);
	}
	attribute = rtnetlink_attribute(answer, sizeof(*link), IFLA_LINKINFO);
	if (attribute)
		take_owner(attribute, entry);
	return NULL;
}

static void keep(struct collecting *all, const struct nlmsghdr *answer)
{
	*arena_append(all->dump->arena, all->entry->messages, all->entry->n_messages, all->capacity) =
	    (ProtobufCBinaryData){ answer->nlmsg_len, arena_copy(all->dump->arena, answer, answer->nlmsg_len) };
}

static struct error *take_address(void *argument, const struct nlmsghdr *answer)
{
	struct collecting *all = argument;
	const struct ifaddrmsg *address = NLMSG_DATA(answer);

	if (address->ifa_index == all->index)
		keep(all, answer);
	return NULL;
}

/* Those that come with the addresses and with IFF_UP come again by themselves. */
static struct error *take_route(void *argument, const struct nlmsghdr *answer)
{
	struct collecting *all = argument;
	const struct rtmsg *route = NLMSG_DATA(answer);
	const struct rtattr *device = rtnetlink_attribute(answer, sizeof(*route), RTA_OIF);

	if (device && number_in(device) == all->index && route->rtm_protocol != RTPROT_KERNEL &&
	    !(route->rtm_flags & RTM_F_CLONED))
		keep(all, answer);
	return NULL;
}

static struct error *dump_link(struct dump *dump, const char *name, TunDeviceEntry *entry)
{
	struct collecting all = { .dump = dump, .entry = entry, .index = if_nametoindex(name) };

	if (!all.index)
		return with_hint(fail("the network device %s is in another network namespace", name),
				 "Run criu in the network namespace of the device (nsenter --net).");
	SET(entry, ifindex, all.index);
	SET(entry, owner, -1);
	SET(entry, group, -1);
	TRY(rtnetlink_list(RTM_GETLINK, &(struct ifinfomsg){ 0 }, sizeof(struct ifinfomsg), take_link, &all));
	TRY(rtnetlink_list(RTM_GETADDR, &(struct ifaddrmsg){ 0 }, sizeof(struct ifaddrmsg), take_address, &all));
	return rtnetlink_list(RTM_GETROUTE, &(struct rtmsg){ 0 }, sizeof(struct rtmsg), take_route, &all);
}

static bool has_feature(int socket_fd, const char *name, uint32_t question)
{
	struct ethtool_value value = { .cmd = question };
	struct ifreq request = { .ifr_data = (void *)&value };

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	return !ioctl(socket_fd, SIOCETHTOOL, &request) && value.data;
}

/* What the program takes off the kernel's hands (TUNSETOFFLOAD) is only told as features of the device, segmentation for
 * both versions of IP together. ethtool(8) */
static uint32_t offload_of(const char *name)
{
	cleanup_close int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!has_feature(socket_fd, name, ETHTOOL_GTXCSUM))
		return 0;
	return TUN_F_CSUM | (has_feature(socket_fd, name, ETHTOOL_GTSO) ? TUN_F_TSO4 | TUN_F_TSO6 : 0);
}

/* The kernel keeps the address of the program's own copy only. */
static struct error *check_filter(int fd, const char *name, uint32_t flags)
{
	struct sock_fprog filter = { 0 };

	if (!(flags & IFF_TAP) || ioctl(fd, TUNGETFILTER, &filter) || !filter.len)
		return NULL;
	return with_hint(fail("the tap device %s has a filter (TUNATTACHFILTER), which the kernel does not tell", name),
			 "Use a filter of the network device instead (tc), or make the device without.");
}

struct error *tun_device_dump(struct dump *dump, int fd, const char *name, uint32_t flags, TunDeviceEntry **out)
{
	TunDeviceEntry *entry = *out = new_message(dump->arena, tun_device_entry);
	int value;

	TRY(check_filter(fd, name, flags));
	SET(entry, flags, flags);
	SET(entry, persistent, flags & IFF_PERSIST);
	if (!ioctl(fd, TUNGETVNETHDRSZ, &value))
		SET(entry, vnethdr, value);
	if (!ioctl(fd, TUNGETSNDBUF, &value))
		SET(entry, sndbuf, value);
	if (!ioctl(fd, TUNGETVNETLE, &value) && value)
		SET(entry, little_endian, true);
	if (flags & IFF_VNET_HDR)
		SET(entry, offload, offload_of(name));
	return dump_link(dump, name, entry);
}

/* ---- restore ---- */

static struct error *attach(int fd, const char *name, uint32_t flags)
{
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	request.ifr_flags = flags & (IFF_TUN | IFF_TAP | IFF_NO_PI | IFF_ONE_QUEUE | IFF_VNET_HDR | IFF_MULTI_QUEUE | IFF_NAPI |
				     IFF_NAPI_FRAGS);
	if (!ioctl(fd, TUNSETIFF, &request))
		return NULL;
	return with_hint(fail_errno("could not attach to the network device %s", name),
			 errno == EBUSY ? "Another process uses it: end that, or remove the device."
					: "This needs CAP_NET_ADMIN, or to be the owner of the device.");
}

static struct error *set_number(int fd, unsigned long request, int value, const char *what)
{
	return ioctl(fd, request, &value) ? fail_errno("could not set the %s", what) : NULL;
}

static struct error *set_tun(int fd, const TunDeviceEntry *device)
{
	if ((device->owner >= 0 && ioctl(fd, TUNSETOWNER, (unsigned long)device->owner)) ||
	    (device->group >= 0 && ioctl(fd, TUNSETGROUP, (unsigned long)device->group)))
		return fail_errno("could not set the owner");
	if (device->has_vnethdr && device->flags & IFF_VNET_HDR)
		TRY(set_number(fd, TUNSETVNETHDRSZ, device->vnethdr, "size of the header"));
	if (device->has_sndbuf && device->flags & IFF_TAP && device->sndbuf < INT32_MAX)
		TRY(set_number(fd, TUNSETSNDBUF, device->sndbuf, "size of the buffer"));
	if (device->offload && ioctl(fd, TUNSETOFFLOAD, (unsigned long)device->offload))
		return fail_errno("could not set the offload 0x%x", device->offload);
	if (device->little_endian)
		TRY(set_number(fd, TUNSETVNETLE, 1, "byte order"));
	if (device->persistent && ioctl(fd, TUNSETPERSIST, 1UL))
		return fail_errno("could not make it persistent");
	return NULL;
}

static struct error *set_link(int fd, const TunDeviceEntry *device, const char *name)
{
	cleanup_close int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (device->has_address && device->address.len == 6) {
		request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
		memcpy(request.ifr_hwaddr.sa_data, device->address.data, 6);
		if (ioctl(socket_fd, SIOCSIFHWADDR, &request))
			return fail_errno("could not set the address");
	}
	request.ifr_mtu = device->mtu;
	if (device->mtu && ioctl(socket_fd, SIOCSIFMTU, &request))
		return fail_errno("could not set the MTU");
	request.ifr_qlen = device->queue_length;
	if (device->has_queue_length && ioctl(socket_fd, SIOCSIFTXQLEN, &request))
		return fail_errno("could not set the length of the queue");
	request.ifr_flags = device->link_flags;
	if (ioctl(socket_fd, SIOCSIFFLAGS, &request))
		return fail_errno("could not set it up");
	if (device->has_carrier && !device->carrier && device->link_flags & IFF_UP)
		TRY(set_number(fd, TUNSETCARRIER, 0, "carrier"));
	return NULL;
}

/* The device may have another number now. */
static struct error *send_again(const ProtobufCBinaryData *bytes, uint32_t index)
{
	_Alignas(struct nlmsghdr) char buffer[8192];
	struct nlmsghdr *message = (struct nlmsghdr *)buffer;
	struct rtattr *device;

	if (bytes->len < NLMSG_LENGTH(sizeof(struct rtmsg)) || bytes->len > sizeof(buffer))
		return fail("the image is damaged: an address or route of %zu bytes", bytes->len);
	memcpy(buffer, bytes->data, bytes->len);
	message->nlmsg_len = bytes->len;
	if (message->nlmsg_type == RTM_NEWADDR) {
		((struct ifaddrmsg *)NLMSG_DATA(message))->ifa_index = index;
	} else if (message->nlmsg_type == RTM_NEWROUTE) {
		device = rtnetlink_attribute(message, sizeof(struct rtmsg), RTA_OIF);
		if (!device || RTA_PAYLOAD(device) != sizeof(index))
			return fail("the image is damaged: a route without a device");
		memcpy(RTA_DATA(device), &index, sizeof(index));
	} else {
		return fail("the image is damaged: an rtnetlink message of type %u", message->nlmsg_type);
	}
	return rtnetlink_send(message, NLM_F_CREATE | NLM_F_REPLACE);
}

static struct error *make(int fd, const TunDeviceEntry *device, const char *name)
{
	/* The old number if it is free: programs remember it. */
	if (device->ifindex)
		(void)ioctl(fd, TUNSETIFINDEX, &device->ifindex);
	TRY(attach(fd, name, device->flags));
	TRY(set_tun(fd, device));
	TRY(set_link(fd, device, name));
	for (size_t i = 0; i < device->n_messages; i++)
		TRY(with_context(send_again(&device->messages[i], if_nametoindex(name)), "an address or route"));
	return NULL;
}

struct error *tun_device_attach(const TunDeviceEntry *device, const char *name, uint32_t flags, int fd)
{
	if (device && !if_nametoindex(name))
		return with_context(make(fd, device, name), "network device %s", name);
	return attach(fd, name, flags);
}
