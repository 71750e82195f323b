// SPDX-License-Identifier: GPL-2.0
/*
 * datagram: UDP, UDP-Lite, raw and ICMP sockets. Datagrams that nobody has read yet are looked at through
 * SO_PEEK_OFF, and at restore sent again over the loopback device with the addresses they had.
 */
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "files/collection.h"
#include "sockets/inet.h"
#include "support/cleanup.h"
#include "support/log.h"

enum { DATAGRAM_MAX = 65536, ORIGINAL_V4 = 20 /* IP_RECVORIGDSTADDR */, ORIGINAL_V6 = 74, DELIVERY_TRIES = 200 };

/* ---- dump ---- */

/* Options that make the kernel tell where a datagram was sent to, and how they were before. */
struct original {
	int v4, v6;
};

static void want_original(int fd, struct original *before)
{
	socklen_t length = sizeof(int);
	int on = 1;

	before->v4 = before->v6 = -1;
	if (!getsockopt(fd, IPPROTO_IP, ORIGINAL_V4, &before->v4, &length) && !before->v4)
		(void)setsockopt(fd, IPPROTO_IP, ORIGINAL_V4, &on, sizeof(on));
	length = sizeof(int);
	if (!getsockopt(fd, IPPROTO_IPV6, ORIGINAL_V6, &before->v6, &length) && !before->v6)
		(void)setsockopt(fd, IPPROTO_IPV6, ORIGINAL_V6, &on, sizeof(on));
}

static void reset_original(int fd, const struct original *before)
{
	if (!before->v4)
		(void)setsockopt(fd, IPPROTO_IP, ORIGINAL_V4, &before->v4, sizeof(int));
	if (!before->v6)
		(void)setsockopt(fd, IPPROTO_IPV6, ORIGINAL_V6, &before->v6, sizeof(int));
}

static bool find_original(struct msghdr *header, union inet_address *to)
{
	for (struct cmsghdr *one = CMSG_FIRSTHDR(header); one; one = CMSG_NXTHDR(header, one)) {
		if ((one->cmsg_level == IPPROTO_IP && one->cmsg_type == ORIGINAL_V4) ||
		    (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == ORIGINAL_V6)) {
			memcpy(to, CMSG_DATA(one), one->cmsg_len - CMSG_LEN(0) < sizeof(*to)
						       ? one->cmsg_len - CMSG_LEN(0)
						       : sizeof(*to));
			return true;
		}
	}
	return false;
}

static void set_address(struct dump *dump, protobuf_c_boolean *has, ProtobufCBinaryData *out, union inet_address *address)
{
	unsigned char bytes[18];

	inet_unmap(address);
	out->len = inet_pack(address, bytes);
	out->data = arena_copy(dump->arena, bytes, out->len);
	*has = true;
}

/* *end: there are no more. */
static struct error *read_one(struct dump *dump, uint32_t id, int fd, int *offset, char *buffer, bool *end)
{
	_Alignas(struct cmsghdr) char control[1024];
	union inet_address from, to;
	struct iovec data = { buffer, DATAGRAM_MAX };
	struct msghdr header = { .msg_name = &from,
				 .msg_namelen = sizeof(from),
				 .msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control) };
	SkPacketEntry *entry;
	ssize_t n;

	if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, offset, sizeof(*offset)))
		return fail_errno("could not look into a socket's queue");
	n = recvmsg(fd, &header, MSG_PEEK | MSG_DONTWAIT);
	*end = n < 0 && errno == EAGAIN;
	if (n < 0)
		return *end ? NULL : fail_errno("could not look into a socket's queue");
	*offset += n;
	entry = queue_add(dump, id, buffer, n);
	set_address(dump, &entry->has_from_address, &entry->from_address, &from);
	if (find_original(&header, &to))
		set_address(dump, &entry->has_to_address, &entry->to_address, &to);
	return NULL;
}

static struct error *read_queue(struct dump *dump, uint32_t id, int fd)
{
	cleanup_free char *buffer = malloc(DATAGRAM_MAX);
	struct error *error = NULL;
	struct original original;
	int before = -1, offset = 0;
	socklen_t length = sizeof(before);
	bool end = false;

	if (!buffer)
		return out_of_memory();
	if (getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &before, &length))
		return fail_errno("could not look into a socket's queue");
	want_original(fd, &original);
	while (!end && !error)
		error = read_one(dump, id, fd, &offset, buffer, &end);
	reset_original(fd, &original);
	if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &before, sizeof(before)) && !error)
		error = fail_errno("could not set SO_PEEK_OFF back");
	return error;
}

static bool is_udp(const InetSkEntry *entry)
{
	return entry->proto == IPPROTO_UDP || entry->proto == IPPROTO_UDPLITE;
}

/* What was written with MSG_MORE or under UDP_CORK is nowhere to be read. */
static struct error *check_cork(int fd)
{
	int corked = 0, queued = 0;
	socklen_t length = sizeof(corked);

	if (getsockopt(fd, IPPROTO_UDP, 1, &corked, &length) || !corked || ioctl(fd, SIOCOUTQ, &queued) || !queued)
		return NULL;
	return with_hint(fail("the UDP socket is corked and has data that was not sent yet"),
			 "Such data cannot be read; let the program finish its datagram before the dump.");
}

/* A direction in which it is shut down. Of sending alone only the kernel's list of sockets would tell. */
static int shut_down(int revents)
{
	return revents & POLLHUP ? INET_SHUT_RECEIVE | INET_SHUT_SEND : revents & POLLRDHUP ? INET_SHUT_RECEIVE : 0;
}

struct error *datagram_dump(struct dump *dump, const struct open_fd *fd, InetSkEntry *entry)
{
	struct pollfd ready = { fd->fd, POLLIN | POLLRDHUP, 0 };

	TRY(multicast_dump(dump, fd->fd, entry));
	if (poll(&ready, 1, 0) < 0)
		return fail_errno("could not poll a socket");
	if (shut_down(ready.revents)) /* 3.17.1 takes 0 for an error */
		SET(entry, shutdown, shut_down(ready.revents));
	TRY(check_cork(fd->fd));
	if (!(ready.revents & POLLIN))
		return NULL;
	if (ready.revents & POLLERR)
		log_warning("socket %u has an error waiting; its queue is not saved", entry->ino);
	else if (is_udp(entry))
		return read_queue(dump, fd->id, fd->fd);
	else
		log_warning("packets in the queue of socket %u are not saved", entry->ino);
	return NULL;
}

/* ---- restore ---- */

struct error *datagram_connect(const InetSkEntry *entry, const struct planned_inet *socket, int fd)
{
	char text[INET_TEXT];

	if (entry->state != INET_ESTABLISHED)
		return NULL;
	inet_text(&socket->destination, text);
	return connect(fd, &socket->destination.any, inet_length(&socket->destination))
		   ? with_hint(fail_errno("could not connect to %s", text), "There must be a route to that address.")
		   : NULL;
}

static bool is_nowhere(const union inet_address *address)
{
	return address->any.sa_family == AF_INET ? !address->v4.sin_addr.s_addr
						 : IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

static bool is_for_many(const union inet_address *address)
{
	return address->any.sa_family == AF_INET ? IN_MULTICAST(ntohl(address->v4.sin_addr.s_addr)) ||
						       address->v4.sin_addr.s_addr == INADDR_BROADCAST
						 : IN6_IS_ADDR_MULTICAST(&address->v6.sin6_addr);
}

/* Where a datagram is sent so that it comes to the socket: to where it was sent once, as far as that is an
 * address of this host alone. */
static void find_target(const struct planned_inet *socket, const SkPacketEntry *packet, int family,
			union inet_address *to)
{
	uint16_t port = inet_port(&socket->source);

	if (packet->has_to_address && inet_unpack(&packet->to_address, to) && to->any.sa_family == family &&
	    !is_for_many(to) && !is_nowhere(to))
		return;
	*to = socket->source;
	inet_unmap(to);
	if (to->any.sa_family == family && !is_nowhere(to) && !is_for_many(to))
		return;
	memset(to, 0, sizeof(*to));
	to->any.sa_family = family;
	if (family == AF_INET) {
		to->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		to->v4.sin_port = port;
	} else {
		to->v6.sin6_addr = in6addr_loopback;
		to->v6.sin6_port = port;
	}
}

static uint32_t queued_memory(int fd)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t length = sizeof(memory);

	(void)getsockopt(fd, SOL_SOCKET, 55 /* SO_MEMINFO */, memory, &length);
	return memory[SK_MEMINFO_RMEM_ALLOC];
}

/* The packet goes through a queue of the kernel that another processor may be at. */
static bool has_arrived(int fd, uint32_t before)
{
	for (int i = 0; i < DELIVERY_TRIES; i++) {
		if (queued_memory(fd) > before)
			return true;
		usleep(500);
	}
	return false;
}

/* Of several sockets with one address the one that is connected to the sender gets it. */
static void claim_sender(const InetSkEntry *entry, const union inet_address *from, int fd)
{
	union inet_address sender = *from;

	if (entry->state == INET_ESTABLISHED)
		return;
	if (entry->family == AF_INET6 && from->any.sa_family == AF_INET) {
		memset(&sender, 0, sizeof(sender));
		sender.v6.sin6_family = AF_INET6;
		sender.v6.sin6_port = from->v4.sin_port;
		sender.v6.sin6_addr.s6_addr[10] = sender.v6.sin6_addr.s6_addr[11] = 0xff;
		memcpy(&sender.v6.sin6_addr.s6_addr[12], &from->v4.sin_addr, 4);
	}
	(void)connect(fd, &sender.any, inet_length(&sender));
}

static void release_sender(const InetSkEntry *entry, int fd)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	if (entry->state != INET_ESTABLISHED)
		(void)connect(fd, &nobody, sizeof(nobody));
}

static struct error *fill_one(struct restore *restore, const InetSkEntry *entry, const struct planned_inet *socket,
			      const struct queued_packet *packet, int fd)
{
	cleanup_free char *data = malloc(packet->entry->length + 1);
	bool contended = (entry->opts->reuseaddr || entry->opts->so_reuseport);
	uint32_t before = queued_memory(fd);
	union inet_address from, to;

	if (!data)
		return out_of_memory();
	if (packet->entry->length > DATAGRAM_MAX || !inet_unpack(&packet->entry->from_address, &from))
		return fail("the image is damaged: a datagram for socket %u", entry->ino);
	TRY(queue_data(restore, packet, data));
	find_target(socket, packet->entry, from.any.sa_family, &to);
	if (contended)
		claim_sender(entry, &from, fd);
	TRY(inject_datagram(entry->proto, &from, &to, data, packet->entry->length));
	if (!has_arrived(fd, before))
		log_warning("a datagram that waited in socket %u is lost: it did not pass the loopback device",
			    entry->ino);
	if (contended)
		release_sender(entry, fd);
	return NULL;
}

struct error *datagram_fill(struct restore *restore, const InetSkEntry *entry, const struct planned_inet *socket, int fd)
{
	static const int how[] = { 0, SHUT_RD, SHUT_WR, SHUT_RDWR };
	int room = 32 << 20;

	if (socket->packet_count) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
		(void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0);
	}
	for (size_t i = 0; i < socket->packet_count; i++)
		TRY(fill_one(restore, entry, socket, &socket->packets[i], fd));
	if (entry->has_shutdown && entry->shutdown & 3 && shutdown(fd, how[entry->shutdown & 3]) && errno != ENOTCONN)
		return fail_errno("could not shut down a socket");
	return NULL;
}
