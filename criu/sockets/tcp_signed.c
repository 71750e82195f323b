// SPDX-License-Identifier: GPL-2.0
/*
 * tcp_signed: TCP sockets with keys of the MD5 signature option (RFC 2385), as routers use them. No getsockopt()
 * tells of keys, only sock_diag(7), to those with CAP_NET_ADMIN; it is asked once, for all sockets. Main.
 */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "files/collection.h"
#include "kernel/diag.h"
#include "sockets/inet.h"

enum { MD5SIG = 18 /* INET_DIAG_MD5SIG, since 4.14 */ };

struct signed_sockets {
	struct arena *arena;
	struct signed_socket {
		uint32_t inode;
		size_t count;
		const struct tcp_diag_md5sig *keys;
	} * sockets;
	size_t count, capacity;
};

/* ---- dump ---- */

static struct error *take(void *argument, const struct nlmsghdr *answer)
{
	const struct inet_diag_msg *message = NLMSG_DATA(answer);
	const struct rtattr *attribute = diag_attribute(answer, sizeof(*message), MD5SIG);
	struct signed_sockets *all = argument;
	struct signed_socket *socket;
	size_t length;

	if (!attribute)
		return NULL;
	length = RTA_PAYLOAD(attribute);
	if (length % sizeof(*socket->keys))
		return with_hint(fail("the kernel does not tell all keys of a TCP socket (TCP_MD5SIG)"),
				 "Some 600 are the most that it tells of one.");
	socket = arena_append(all->arena, all->sockets, all->count, all->capacity);
	socket->inode = message->idiag_inode;
	socket->count = length / sizeof(*socket->keys);
	socket->keys = arena_copy(all->arena, RTA_DATA(attribute), length);
	return NULL;
}

static struct error *find_all(struct dump *dump, struct signed_sockets **ret)
{
	struct signed_sockets *all = dump->files->signed_sockets;
	/* Whoever waits for its end, or is not accepted yet, is no descriptor's. */
	uint32_t states = ~(1u << INET_TIME_WAIT | 1u << INET_SYN_RECEIVED | 1u << INET_NEW_SYN_RECEIVED);
	/* Keys come with INET_DIAG_INFO only. */
	struct inet_diag_req_v2 request = { .sdiag_protocol = IPPROTO_TCP,
					    .idiag_states = states,
					    .idiag_ext = 1 << (INET_DIAG_INFO - 1) };

	*ret = all;
	if (all)
		return NULL;
	*ret = all = arena_new(dump->arena, struct signed_sockets);
	all->arena = dump->arena;
	for (int i = 0; i < 2; i++) {
		bool supported;

		request.sdiag_family = i ? AF_INET6 : AF_INET;
		TRY(diag_dump(&request, sizeof(request), "TCP sockets", take, all, &supported));
	}
	dump->files->signed_sockets = all;
	return NULL;
}

static TcpMd5KeyEntry *describe(struct dump *dump, const struct tcp_diag_md5sig *key)
{
	TcpMd5KeyEntry *entry = new_message(dump->arena, tcp_md5_key_entry);

	entry->has_address = entry->has_key = true;
	entry->address.len = key->tcpm_family == AF_INET ? 4 : 16;
	entry->address.data = arena_copy(dump->arena, key->tcpm_addr, entry->address.len);
	SET(entry, prefix, key->tcpm_prefixlen);
	entry->key.len = key->tcpm_keylen;
	entry->key.data = arena_copy(dump->arena, key->tcpm_key, entry->key.len);
	return entry;
}

struct error *tcp_signed_dump(struct dump *dump, InetSkEntry *entry)
{
	struct signed_sockets *all;

	TRY(find_all(dump, &all));
	for (size_t i = 0; i < all->count; i++) {
		const struct signed_socket *socket = &all->sockets[i];

		if (socket->inode != entry->ino)
			continue;
		entry->md5_keys = arena_array(dump->arena, TcpMd5KeyEntry *, socket->count);
		for (size_t j = 0; j < socket->count; j++)
			entry->md5_keys[entry->n_md5_keys++] = describe(dump, &socket->keys[j]);
	}
	return NULL;
}

/* ---- restore ---- */

/* A key for IPv4 at a socket of IPv6 has a mapped address, and the prefix of IPv4. */
static bool set_address(const TcpMd5KeyEntry *entry, int family, void *out)
{
	union inet_address address = { .any.sa_family = family };

	if (family == AF_INET && entry->address.len == 4)
		memcpy(&address.v4.sin_addr, entry->address.data, 4);
	else if (family == AF_INET6 && entry->address.len == 16)
		memcpy(&address.v6.sin6_addr, entry->address.data, 16);
	else if (family == AF_INET6 && entry->address.len == 4)
		memcpy(memset(address.v6.sin6_addr.s6_addr + 10, 0xff, 2) + 2, entry->address.data, 4);
	else
		return false;
	memcpy(out, &address, sizeof(address));
	return true;
}

struct error *tcp_signed_check(const InetSkEntry *entry)
{
	char address[sizeof(union inet_address)];

	for (size_t i = 0; i < entry->n_md5_keys; i++)
		if (entry->md5_keys[i]->key.len > TCP_MD5SIG_MAXKEYLEN ||
		    !set_address(entry->md5_keys[i], entry->family, address))
			return fail("the image is damaged: a key of TCP socket %u", entry->ino);
	return NULL;
}

struct error *tcp_signed_restore(const InetSkEntry *entry, int fd)
{
	for (size_t i = 0; i < entry->n_md5_keys; i++) {
		const TcpMd5KeyEntry *from = entry->md5_keys[i];
		struct tcp_md5sig key = { .tcpm_flags = TCP_MD5SIG_FLAG_PREFIX,
					  .tcpm_prefixlen = from->prefix,
					  .tcpm_keylen = from->key.len };

		(void)set_address(from, entry->family, &key.tcpm_addr);
		memcpy(key.tcpm_key, from->key.data, from->key.len);
		if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &key, sizeof(key)))
			return with_hint(fail_errno("could not set a key of TCP socket %u (TCP_MD5SIG)", entry->ino),
					 "The kernel must be built with TCP_MD5SIG.");
	}
	return NULL;
}
