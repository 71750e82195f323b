// SPDX-License-Identifier: GPL-2.0
/* inet_address: internet addresses as sockaddr, as words of the images, as text. */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "sockets/inet.h"

socklen_t inet_length(const union inet_address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

uint16_t inet_port(const union inet_address *address)
{
	return address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port;
}

void inet_text(const union inet_address *address, char text[INET_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "?", device[IF_NAMESIZE] = "";
	uint16_t port = ntohs(inet_port(address));

	if (address->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		snprintf(text, INET_TEXT, "%s:%u", host, port);
		return;
	}
	inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
	if (address->v6.sin6_scope_id)
		if_indextoname(address->v6.sin6_scope_id, device);
	snprintf(text, INET_TEXT, "[%s%s%s]:%u", host, device[0] ? "%" : "", device, port);
}

uint32_t *inet_words(struct arena *arena, const union inet_address *address, size_t *count)
{
	const void *bytes = address->any.sa_family == AF_INET ? (const void *)&address->v4.sin_addr
							      : (const void *)&address->v6.sin6_addr;

	*count = address->any.sa_family == AF_INET ? 1 : 4;
	return arena_copy(arena, bytes, *count * sizeof(uint32_t));
}

struct error *inet_from_words(const InetSkEntry *entry, const uint32_t *words, size_t count, uint32_t port,
			      union inet_address *address)
{
	size_t wanted = entry->family == AF_INET ? 1 : 4;

	memset(address, 0, sizeof(*address));
	address->any.sa_family = entry->family;
	if (count && count < wanted)
		return fail("the image is damaged: an address of socket %u has %zu words", entry->ino, count);
	if (entry->family == AF_INET) {
		address->v4.sin_port = htons(port);
		if (count)
			memcpy(&address->v4.sin_addr, words, 4);
		return NULL;
	}
	address->v6.sin6_port = htons(port);
	if (count)
		memcpy(&address->v6.sin6_addr, words, 16);
	if (entry->ifname && entry->ifname[0] && IN6_IS_ADDR_LINKLOCAL(&address->v6.sin6_addr)) {
		address->v6.sin6_scope_id = if_nametoindex(entry->ifname);
		if (!address->v6.sin6_scope_id)
			return with_hint(fail_errno("cannot restore socket %u: there is no network device %s",
						    entry->ino, entry->ifname),
					 "Its address belongs to that device.");
	}
	return NULL;
}

struct error *inet_source(const InetSkEntry *entry, union inet_address *address)
{
	return inet_from_words(entry, entry->src_addr, entry->n_src_addr, entry->src_port, address);
}

struct error *inet_destination(const InetSkEntry *entry, union inet_address *address)
{
	return inet_from_words(entry, entry->dst_addr, entry->n_dst_addr, entry->dst_port, address);
}

void inet_unmap(union inet_address *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
		return;
	v4.sin_port = address->v6.sin6_port;
	memcpy(&v4.sin_addr, &address->v6.sin6_addr.s6_addr[12], 4);
	memset(address, 0, sizeof(*address));
	address->v4 = v4;
}

size_t inet_pack(const union inet_address *address, unsigned char bytes[18])
{
	size_t length = address->any.sa_family == AF_INET ? 4 : 16;
	uint16_t port = inet_port(address);

	memcpy(bytes,
	       length == 4 ? (const void *)&address->v4.sin_addr : (const void *)&address->v6.sin6_addr, length);
	memcpy(bytes + length, &port, 2);
	return length + 2;
}

void inet_packets(const union inet_address *local, const union inet_address *remote, struct locked_connection *out)
{
	union inet_address own = *local, other = *remote;
	unsigned char bytes[18];
	size_t length;

	inet_unmap(&own);
	inet_unmap(&other);
	memset(out, 0, sizeof(*out));
	out->family = own.any.sa_family;
	length = inet_pack(&own, bytes) - 2;
	memcpy(out->local, bytes, length);
	inet_pack(&other, bytes);
	memcpy(out->remote, bytes, length);
	out->local_port = inet_port(&own);
	out->remote_port = inet_port(&other);
}

bool inet_unpack(const ProtobufCBinaryData *bytes, union inet_address *address)
{
	memset(address, 0, sizeof(*address));
	if (bytes->len == 6) {
		address->v4.sin_family = AF_INET;
		memcpy(&address->v4.sin_addr, bytes->data, 4);
		memcpy(&address->v4.sin_port, bytes->data + 4, 2);
		return true;
	}
	if (bytes->len != 18)
		return false;
	address->v6.sin6_family = AF_INET6;
	memcpy(&address->v6.sin6_addr, bytes->data, 16);
	memcpy(&address->v6.sin6_port, bytes->data + 16, 2);
	return true;
}
