// SPDX-License-Identifier: GPL-2.0
/*
 * tcp_signed: TCP sockets with keys of the MD5 signature option (RFC 2385), as routers use them. No getsockopt()
 * tells of keys, only sock_diag(7), to those with CAP_NET_ADMIN; it is asked once, for all sockets. Main.
 */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "files/collection.h"
#include "kernel/diag.h"
#include "sockets/inet.h"

enum { MD5SIG = 18 /* INET_DIAG_MD5SIG, since 4.14 */ };

struct signed_sockets {
	struct arena *arena;
	uint32_t *inodes;
	size_t count, capacity;
};

static struct error *take(void *argument, const struct nlmsghdr *answer)
{
	const struct inet_diag_msg *message = NLMSG_DATA(answer);
	struct signed_sockets *all = argument;

	if (diag_attribute(answer, sizeof(*message), MD5SIG))
		*arena_append(all->arena, all->inodes, all->count, all->capacity) = message->idiag_inode;
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

struct error *tcp_signed_check(struct dump *dump, uint32_t inode)
{
	struct signed_sockets *all;

	TRY(find_all(dump, &all));
	for (size_t i = 0; i < all->count; i++)
		if (all->inodes[i] == inode)
			return with_hint(fail("the TCP socket signs its packets with a key (TCP_MD5SIG), which cannot be saved"),
					 "Close it before the dump.");
	return NULL;
}
