// SPDX-License-Identifier: GPL-2.0
/*
 * inject: packets that seem to come from the other side of a socket, sent through a raw socket to an
 * address of this host: the kernel passes them over the loopback device. They carry the mark that the
 * network lock lets pass. ip(7), raw(7).
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "sockets/inet.h"
#include "support/cleanup.h"

enum { HOPS = 255, WINDOW = 0xffff, REST_MAX = 64 };

static uint32_t add(uint32_t sum, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < length; i += 2) {
		sum += bytes[i] << 8 | (i + 1 < length ? bytes[i + 1] : 0);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* Of the pseudo header and what follows it, in network byte order. */
static uint16_t checksum(const union inet_address *from, const union inet_address *to, int protocol, const void *data,
			 size_t length)
{
	unsigned char bytes[18];
	uint32_t sum;

	sum = add(0, bytes, inet_pack(from, bytes) - 2);
	sum = add(sum, bytes, inet_pack(to, bytes) - 2);
	sum += protocol + (length & 0xffff) + (length >> 16);
	sum = add(sum, data, length);
	return htons(~((sum & 0xffff) + (sum >> 16)));
}

/* Puts the IP header in front of a packet that has room for it; returns its length. */
static size_t put_header(const union inet_address *from, const union inet_address *to, int protocol, void *packet,
			 size_t length)
{
	if (from->any.sa_family == AF_INET) {
		struct iphdr *header = packet; /* length, number and checksum are the kernel's affair */

		*header = (struct iphdr){ .version = 4,
					  .ihl = 5,
					  .ttl = HOPS,
					  .protocol = protocol,
					  .saddr = from->v4.sin_addr.s_addr,
					  .daddr = to->v4.sin_addr.s_addr };
		return sizeof(*header);
	}
	struct ip6_hdr *header = packet;

	memset(header, 0, sizeof(*header));
	header->ip6_vfc = 6 << 4;
	header->ip6_plen = htons(length);
	header->ip6_nxt = protocol;
	header->ip6_hops = HOPS;
	header->ip6_src = from->v6.sin6_addr;
	header->ip6_dst = to->v6.sin6_addr;
	return sizeof(*header);
}

static struct error *send_raw(const union inet_address *to, const void *packet, size_t length)
{
	cleanup_close int fd = socket(to->any.sa_family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	int mark = NETWORK_LOCK_MARK, room = 1 << 20;
	union inet_address target = *to;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		return with_hint(fail_errno("could not make a raw socket"), "Run criu with CAP_NET_RAW and CAP_NET_ADMIN.");
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	if (target.any.sa_family == AF_INET6)
		target.v6.sin6_port = 0;
	return sendto(fd, packet, length, 0, &target.any, inet_length(&target)) == (ssize_t)length
		   ? NULL
		   : fail_errno("could not send a packet to an address of this host");
}

struct error *inject_packet(int protocol, const union inet_address *from, const union inet_address *to,
			    const void *data, size_t length)
{
	cleanup_free char *packet = malloc(sizeof(struct ip6_hdr) + length);
	size_t head;

	if (!packet)
		return out_of_memory();
	head = put_header(from, to, protocol, packet, length);
	memcpy(packet + head, data, length);
	return send_raw(to, packet, head + length);
}

struct error *inject_segment(const struct segment *segment)
{
	union inet_address from = segment->from, to = segment->to;
	struct {
		struct tcphdr header;
		unsigned char rest[REST_MAX];
	} packet = { 0 };
	size_t length = sizeof(packet.header) + segment->options_length + segment->data_length;

	inet_unmap(&from);
	inet_unmap(&to);
	packet.header.source = inet_port(&from);
	packet.header.dest = inet_port(&to);
	packet.header.seq = htonl(segment->sequence);
	packet.header.ack_seq = htonl(segment->acknowledged);
	packet.header.doff = (sizeof(packet.header) + segment->options_length) / 4;
	packet.header.th_flags = segment->flags;
	packet.header.window = htons(segment->window ?: WINDOW);
	packet.header.urg_ptr = htons(segment->urgent);
	memcpy(packet.rest, segment->options, segment->options_length);
	memcpy(packet.rest + segment->options_length, segment->data, segment->data_length);
	packet.header.check = checksum(&from, &to, IPPROTO_TCP, &packet, length);
	return inject_packet(IPPROTO_TCP, &from, &to, &packet, length);
}

struct error *inject_datagram(int protocol, const union inet_address *from, const union inet_address *to,
			      const void *data, size_t length)
{
	cleanup_free char *packet = malloc(sizeof(struct udphdr) + length);
	struct udphdr *header = (struct udphdr *)packet;

	if (!packet)
		return out_of_memory();
	*header = (struct udphdr){ .source = inet_port(from), .dest = inet_port(to),
				   .len = htons(sizeof(*header) + length) };
	memcpy(packet + sizeof(*header), data, length);
	header->check = checksum(from, to, protocol, packet, sizeof(*header) + length) ?: 0xffff;
	return inject_packet(protocol, from, to, packet, sizeof(*header) + length);
}
