// SPDX-License-Identifier: GPL-2.0
/*
 * more_options: one table of options. Which of them a kind of socket has, and their values in a new one, is
 * asked of a new socket, once for each kind. ip(7), ipv6(7), tcp(7), udp(7), raw(7), netlink(7), packet(7).
 */
#include "sockets/more_options.h"

#include <linux/icmpv6.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "files/collection.h"
#include "support/cleanup.h"

enum { VALUE_MAX = 256 };

struct option_row {
	int level, name;
	enum option_moment moment;
	const char *text;
};

/* Numbers, where the headers of C libraries may be older than the kernel. */
#define EARLY(level, number, text)	    \
	{                                   \
		level, number, OPTION_BEFORE_BIND, text \
	}
#define LATE(level, number, text)	   \
	{                                  \
		level, number, OPTION_AT_THE_END, text \
	}
enum { LEVEL_RAW = 255, LEVEL_UDPLITE = 136, LEVEL_ICMP6 = 58, LEVEL_PACKET = 263, LEVEL_NETLINK = 270 };

static const struct option_row rows[] = {
	EARLY(SOL_SOCKET, 29, "SO_TIMESTAMP"),
	EARLY(SOL_SOCKET, 35, "SO_TIMESTAMPNS"),
	LATE(SOL_SOCKET, 37, "SO_TIMESTAMPING"),
	EARLY(SOL_SOCKET, 40, "SO_RXQ_OVFL"),
	EARLY(SOL_SOCKET, 41, "SO_WIFI_STATUS"),
	EARLY(SOL_SOCKET, 43, "SO_NOFCS"),
	EARLY(SOL_SOCKET, 45, "SO_SELECT_ERR_QUEUE"),
	EARLY(SOL_SOCKET, 46, "SO_BUSY_POLL"),
	EARLY(SOL_SOCKET, 47, "SO_MAX_PACING_RATE"),
	EARLY(SOL_SOCKET, 60, "SO_ZEROCOPY"),
	EARLY(SOL_SOCKET, 61, "SO_TXTIME"),
	EARLY(SOL_SOCKET, 63, "SO_TIMESTAMP_NEW"),
	EARLY(SOL_SOCKET, 64, "SO_TIMESTAMPNS_NEW"),
	LATE(SOL_SOCKET, 65, "SO_TIMESTAMPING_NEW"),
	EARLY(SOL_SOCKET, 69, "SO_PREFER_BUSY_POLL"),
	EARLY(SOL_SOCKET, 73, "SO_RESERVE_MEM"),
	EARLY(SOL_SOCKET, 75, "SO_RCVMARK"),
	EARLY(SOL_SOCKET, 82, "SO_RCVPRIORITY"),
	{ SOL_SOCKET, 44, OPTION_LAST, "SO_LOCK_FILTER" },
	EARLY(IPPROTO_IP, 1, "IP_TOS"),
	EARLY(IPPROTO_IP, 2, "IP_TTL"),
	EARLY(IPPROTO_IP, 3, "IP_HDRINCL"),
	EARLY(IPPROTO_IP, 4, "IP_OPTIONS"),
	EARLY(IPPROTO_IP, 6, "IP_RECVOPTS"),
	EARLY(IPPROTO_IP, 7, "IP_RETOPTS"),
	EARLY(IPPROTO_IP, 8, "IP_PKTINFO"),
	EARLY(IPPROTO_IP, 10, "IP_MTU_DISCOVER"),
	EARLY(IPPROTO_IP, 11, "IP_RECVERR"),
	EARLY(IPPROTO_IP, 12, "IP_RECVTTL"),
	EARLY(IPPROTO_IP, 13, "IP_RECVTOS"),
	EARLY(IPPROTO_IP, 15, "IP_FREEBIND"),
	EARLY(IPPROTO_IP, 18, "IP_PASSSEC"),
	EARLY(IPPROTO_IP, 19, "IP_TRANSPARENT"),
	EARLY(IPPROTO_IP, 20, "IP_RECVORIGDSTADDR"),
	EARLY(IPPROTO_IP, 21, "IP_MINTTL"),
	EARLY(IPPROTO_IP, 22, "IP_NODEFRAG"),
	EARLY(IPPROTO_IP, 23, "IP_CHECKSUM"),
	EARLY(IPPROTO_IP, 24, "IP_BIND_ADDRESS_NO_PORT"),
	EARLY(IPPROTO_IP, 25, "IP_RECVFRAGSIZE"),
	EARLY(IPPROTO_IP, 26, "IP_RECVERR_RFC4884"),
	EARLY(IPPROTO_IP, 32, "IP_MULTICAST_IF"),
	EARLY(IPPROTO_IP, 33, "IP_MULTICAST_TTL"),
	EARLY(IPPROTO_IP, 34, "IP_MULTICAST_LOOP"),
	EARLY(IPPROTO_IP, 49, "IP_MULTICAST_ALL"),
	EARLY(IPPROTO_IP, 50, "IP_UNICAST_IF"),
	EARLY(IPPROTO_IP, 51, "IP_LOCAL_PORT_RANGE"),
	EARLY(IPPROTO_IPV6, 2, "IPV6_2292PKTINFO"),
	EARLY(IPPROTO_IPV6, 3, "IPV6_2292HOPOPTS"),
	EARLY(IPPROTO_IPV6, 4, "IPV6_2292DSTOPTS"),
	EARLY(IPPROTO_IPV6, 5, "IPV6_2292RTHDR"),
	EARLY(IPPROTO_IPV6, 7, "IPV6_CHECKSUM"),
	EARLY(IPPROTO_IPV6, 8, "IPV6_2292HOPLIMIT"),
	EARLY(IPPROTO_IPV6, 16, "IPV6_UNICAST_HOPS"),
	EARLY(IPPROTO_IPV6, 17, "IPV6_MULTICAST_IF"),
	EARLY(IPPROTO_IPV6, 18, "IPV6_MULTICAST_HOPS"),
	EARLY(IPPROTO_IPV6, 19, "IPV6_MULTICAST_LOOP"),
	EARLY(IPPROTO_IPV6, 23, "IPV6_MTU_DISCOVER"),
	EARLY(IPPROTO_IPV6, 25, "IPV6_RECVERR"),
	EARLY(IPPROTO_IPV6, 29, "IPV6_MULTICAST_ALL"),
	EARLY(IPPROTO_IPV6, 31, "IPV6_RECVERR_RFC4884"),
	EARLY(IPPROTO_IPV6, 33, "IPV6_FLOWINFO_SEND"),
	EARLY(IPPROTO_IPV6, 36, "IPV6_HDRINCL"),
	EARLY(IPPROTO_IPV6, 49, "IPV6_RECVPKTINFO"),
	EARLY(IPPROTO_IPV6, 51, "IPV6_RECVHOPLIMIT"),
	EARLY(IPPROTO_IPV6, 53, "IPV6_RECVHOPOPTS"),
	EARLY(IPPROTO_IPV6, 54, "IPV6_HOPOPTS"),
	EARLY(IPPROTO_IPV6, 55, "IPV6_RTHDRDSTOPTS"),
	EARLY(IPPROTO_IPV6, 56, "IPV6_RECVRTHDR"),
	EARLY(IPPROTO_IPV6, 57, "IPV6_RTHDR"),
	EARLY(IPPROTO_IPV6, 58, "IPV6_RECVDSTOPTS"),
	EARLY(IPPROTO_IPV6, 59, "IPV6_DSTOPTS"),
	EARLY(IPPROTO_IPV6, 60, "IPV6_RECVPATHMTU"),
	EARLY(IPPROTO_IPV6, 62, "IPV6_DONTFRAG"),
	EARLY(IPPROTO_IPV6, 66, "IPV6_RECVTCLASS"),
	EARLY(IPPROTO_IPV6, 67, "IPV6_TCLASS"),
	EARLY(IPPROTO_IPV6, 70, "IPV6_AUTOFLOWLABEL"),
	EARLY(IPPROTO_IPV6, 72, "IPV6_ADDR_PREFERENCES"),
	EARLY(IPPROTO_IPV6, 73, "IPV6_MINHOPCOUNT"),
	EARLY(IPPROTO_IPV6, 74, "IPV6_RECVORIGDSTADDR"),
	EARLY(IPPROTO_IPV6, 75, "IPV6_TRANSPARENT"),
	EARLY(IPPROTO_IPV6, 76, "IPV6_UNICAST_IF"),
	EARLY(IPPROTO_IPV6, 77, "IPV6_RECVFRAGSIZE"),
	EARLY(IPPROTO_IPV6, 78, "IPV6_FREEBIND"),
	EARLY(IPPROTO_TCP, 7, "TCP_SYNCNT"),
	EARLY(IPPROTO_TCP, 8, "TCP_LINGER2"),
	EARLY(IPPROTO_TCP, 9, "TCP_DEFER_ACCEPT"),
	EARLY(IPPROTO_TCP, 13, "TCP_CONGESTION"),
	EARLY(IPPROTO_TCP, 16, "TCP_THIN_LINEAR_TIMEOUTS"),
	EARLY(IPPROTO_TCP, 18, "TCP_USER_TIMEOUT"),
	EARLY(IPPROTO_TCP, 23, "TCP_FASTOPEN"),
	EARLY(IPPROTO_TCP, 25, "TCP_NOTSENT_LOWAT"),
	EARLY(IPPROTO_TCP, 27, "TCP_SAVE_SYN"),
	EARLY(IPPROTO_TCP, 30, "TCP_FASTOPEN_CONNECT"),
	EARLY(IPPROTO_TCP, 34, "TCP_FASTOPEN_NO_COOKIE"),
	EARLY(IPPROTO_TCP, 36, "TCP_INQ"),
	EARLY(IPPROTO_TCP, 37, "TCP_TX_DELAY"),
	EARLY(IPPROTO_TCP, 44, "TCP_RTO_MAX_MS"),
	EARLY(IPPROTO_TCP, 45, "TCP_RTO_MIN_US"),
	EARLY(IPPROTO_TCP, 46, "TCP_DELACK_MAX_US"),
	LATE(IPPROTO_UDP, 1, "UDP_CORK"),
	EARLY(IPPROTO_UDP, 100, "UDP_ENCAP"),
	EARLY(IPPROTO_UDP, 101, "UDP_NO_CHECK6_TX"),
	EARLY(IPPROTO_UDP, 102, "UDP_NO_CHECK6_RX"),
	LATE(IPPROTO_UDP, 103, "UDP_SEGMENT"),
	LATE(IPPROTO_UDP, 104, "UDP_GRO"),
	EARLY(LEVEL_UDPLITE, 10, "UDPLITE_SEND_CSCOV"),
	LATE(LEVEL_UDPLITE, 11, "UDPLITE_RECV_CSCOV"),
	LATE(LEVEL_RAW, 1, "ICMP_FILTER"),
	LATE(LEVEL_ICMP6, 1, "ICMPV6_FILTER"),
	EARLY(LEVEL_NETLINK, 3, "NETLINK_PKTINFO"),
	EARLY(LEVEL_NETLINK, 4, "NETLINK_BROADCAST_ERROR"),
	EARLY(LEVEL_NETLINK, 5, "NETLINK_NO_ENOBUFS"),
	EARLY(LEVEL_NETLINK, 8, "NETLINK_LISTEN_ALL_NSID"),
	EARLY(LEVEL_NETLINK, 10, "NETLINK_CAP_ACK"),
	EARLY(LEVEL_NETLINK, 11, "NETLINK_EXT_ACK"),
	EARLY(LEVEL_NETLINK, 12, "NETLINK_GET_STRICT_CHK"),
	EARLY(LEVEL_PACKET, 23, "PACKET_IGNORE_OUTGOING"),
	EARLY(LEVEL_PACKET, 20, "PACKET_QDISC_BYPASS"),
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

/* What a new socket of some kind says. */
struct fresh_socket {
	int family, type, protocol;
	struct fresh_value {
		const struct option_row *row;
		socklen_t length;
		char value[VALUE_MAX];
	} * values;
	size_t count;
};

struct option_collection {
	struct fresh_socket **fresh;
	size_t count, capacity;
};

static bool read_value(int fd, const struct option_row *row, struct fresh_value *out)
{
	out->row = row;
	out->length = VALUE_MAX;
	return !getsockopt(fd, row->level, row->name, out->value, &out->length) && out->length <= VALUE_MAX;
}

/* Some kinds of sockets tell options that they do not have. */
static bool can_set(int fd, const struct fresh_value *value)
{
	return !setsockopt(fd, value->row->level, value->row->name, value->value, value->length);
}

static struct error *ask_fresh(struct dump *dump, struct fresh_socket *fresh)
{
	cleanup_close int fd = socket(fresh->family, fresh->type | SOCK_CLOEXEC, fresh->protocol);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return fail_errno("could not make a socket");
	/* Not even root may make some: then all values are noted. */
	fresh->values = arena_array(dump->arena, struct fresh_value, ROW_COUNT);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct fresh_value *value = &fresh->values[fresh->count];

		if (fd < 0)
			fresh->values[fresh->count++] = (struct fresh_value){ .row = &rows[i] };
		else if (read_value(fd, &rows[i], value) && can_set(fd, value))
			fresh->count++;
	}
	return NULL;
}

struct error *more_options_fresh(struct dump *dump, int family, int type, int protocol, const struct fresh_socket **ret)
{
	struct option_collection *all = dump->files->options;
	struct fresh_socket *fresh;

	if (!all)
		all = dump->files->options = arena_new(dump->arena, struct option_collection);
	for (size_t i = 0; i < all->count; i++) {
		*ret = all->fresh[i];
		if ((*ret)->family == family && (*ret)->type == type && (*ret)->protocol == protocol)
			return NULL;
	}
	fresh = arena_new(dump->arena, struct fresh_socket);
	*fresh = (struct fresh_socket){ .family = family, .type = type, .protocol = protocol };
	TRY(ask_fresh(dump, fresh));
	*arena_append(dump->arena, all->fresh, all->count, all->capacity) = fresh;
	*ret = fresh;
	return NULL;
}

static void note(struct dump *dump, SkOptsEntry *entry, const struct fresh_value *value)
{
	SocketOptionEntry *option = new_message(dump->arena, socket_option_entry);

	if (!entry->more)
		entry->more = arena_array(dump->arena, SocketOptionEntry *, ROW_COUNT);
	entry->more[entry->n_more++] = option;
	SET(option, level, value->row->level);
	SET(option, name, value->row->name);
	option->has_value = true;
	option->value.len = value->length;
	option->value.data = arena_copy(dump->arena, value->value, value->length);
}

struct option_differences more_options_compare(int fd, const struct fresh_socket *fresh)
{
	struct option_differences differences = { 0 };
	struct fresh_value now;

	_Static_assert(ROW_COUNT <= 8 * sizeof(differences), "a bit for each row");
	for (size_t i = 0; i < fresh->count; i++) {
		const struct fresh_value *usual = &fresh->values[i];

		if (read_value(fd, usual->row, &now) &&
		    (now.length != usual->length || memcmp(now.value, usual->value, now.length)))
			differences.words[i / 64] |= 1ull << i % 64;
	}
	return differences;
}

void more_options_note(struct dump *dump, int fd, const struct fresh_socket *fresh, struct option_differences differences,
		       SkOptsEntry *entry)
{
	struct fresh_value now;

	for (size_t i = 0; i < fresh->count; i++)
		if (differences.words[i / 64] >> i % 64 & 1 && read_value(fd, fresh->values[i].row, &now))
			note(dump, entry, &now);
}

struct error *more_options_dump(struct dump *dump, int fd, int family, int type, int protocol, SkOptsEntry *entry)
{
	const struct fresh_socket *fresh;

	TRY(more_options_fresh(dump, family, type, protocol, &fresh));
	more_options_note(dump, fd, fresh, more_options_compare(fd, fresh), entry);
	return NULL;
}

/* ---- restore ---- */

static const struct option_row *find_row(const SocketOptionEntry *option)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (rows[i].level == option->level && rows[i].name == option->name)
			return &rows[i];
	return NULL;
}

struct error *more_options_check(const SkOptsEntry *entry)
{
	for (size_t i = 0; i < entry->n_more; i++)
		if (!find_row(entry->more[i]) || entry->more[i]->value.len > VALUE_MAX)
			return fail("the image is damaged: unknown socket option %d of level %d", entry->more[i]->name,
				    entry->more[i]->level);
	return NULL;
}

struct error *more_options_restore(const SkOptsEntry *entry, int fd, enum option_moment moment)
{
	for (size_t i = 0; i < entry->n_more; i++) {
		const SocketOptionEntry *option = entry->more[i];
		const struct option_row *row = find_row(option);

		if (row && row->moment == moment &&
		    setsockopt(fd, option->level, option->name, option->value.data, option->value.len))
			return fail_errno("could not set the socket option %s", row->text);
	}
	return NULL;
}
