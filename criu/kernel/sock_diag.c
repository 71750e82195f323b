// SPDX-License-Identifier: GPL-2.0
/* sock_diag: one dump request for all unix sockets, and its answers. sock_diag(7). */
#include "kernel/sock_diag.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "support/cleanup.h"

enum { ANSWER_BYTES = 64 * 1024, TRIES = 5 };

static uint32_t number(const struct rtattr *attribute)
{
	uint32_t value = 0;

	memcpy(&value, RTA_DATA(attribute),
	       RTA_PAYLOAD(attribute) < sizeof(value) ? RTA_PAYLOAD(attribute) : sizeof(value));
	return value;
}

static void take_attribute(struct arena *arena, struct unix_socket_facts *facts, const struct rtattr *attribute)
{
	const void *data = RTA_DATA(attribute);
	size_t length = RTA_PAYLOAD(attribute);

	switch (attribute->rta_type) {
	case UNIX_DIAG_PEER:
		facts->has_peer = true;
		facts->peer = number(attribute);
		break;
	case UNIX_DIAG_VFS:
		facts->node_inode = ((const struct unix_diag_vfs *)data)->udiag_vfs_ino;
		facts->node_device = ((const struct unix_diag_vfs *)data)->udiag_vfs_dev;
		break;
	case UNIX_DIAG_RQLEN:
		facts->receive_queue = ((const struct unix_diag_rqlen *)data)->udiag_rqueue;
		facts->send_queue = ((const struct unix_diag_rqlen *)data)->udiag_wqueue;
		break;
	case UNIX_DIAG_SHUTDOWN:
		facts->shutdown = *(const uint8_t *)data;
		break;
	case UNIX_DIAG_ICONS:
		facts->waiting = arena_copy(arena, data, length);
		facts->waiting_count = length / sizeof(uint32_t);
		break;
	}
}

static void take_socket(struct arena *arena, struct unix_socket_list *list, const struct nlmsghdr *header)
{
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	size_t length = header->nlmsg_len - NLMSG_LENGTH(sizeof(*message));
	struct unix_socket_facts *facts = arena_append(arena, list->sockets, list->count, list->capacity);

	*facts = (struct unix_socket_facts){ .inode = message->udiag_ino,
					     .type = message->udiag_type,
					     .state = message->udiag_state };
	for (const struct rtattr *attribute = (const void *)(message + 1); RTA_OK(attribute, length);
	     attribute = RTA_NEXT(attribute, length))
		take_attribute(arena, facts, attribute);
}

static struct error *ask(int fd)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} message = {
		.header = { .nlmsg_len = sizeof(message),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.request = { .sdiag_family = AF_UNIX,
			     .udiag_states = ~0U,
			     .udiag_show = UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN },
	};

	return send(fd, &message, sizeof(message), 0) < 0 ? fail_errno("could not ask for unix sockets") : NULL;
}

/* *interrupted: sockets came and went meanwhile, so that some may be missing. */
static struct error *receive(int fd, struct arena *arena, struct unix_socket_list *list, bool *interrupted)
{
	cleanup_free char *buffer = malloc(ANSWER_BYTES);

	if (!buffer)
		return out_of_memory();
	for (;;) {
		ssize_t n = recv(fd, buffer, ANSWER_BYTES, 0);
		size_t length = n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("could not read the list of unix sockets");
		for (struct nlmsghdr *header = (struct nlmsghdr *)buffer; NLMSG_OK(header, length);
		     header = NLMSG_NEXT(header, length)) {
			*interrupted |= header->nlmsg_flags & NLM_F_DUMP_INTR;
			if (header->nlmsg_type == NLMSG_DONE)
				return NULL;
			if (header->nlmsg_type == NLMSG_ERROR)
				return with_hint(fail_number(-((struct nlmsgerr *)NLMSG_DATA(header))->error,
							     "could not list unix sockets"),
						 "The kernel needs CONFIG_UNIX_DIAG (module unix_diag).");
			take_socket(arena, list, header);
		}
	}
}

static int compare(const void *a, const void *b)
{
	const struct unix_socket_facts *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

struct error *sock_diag_unix(struct arena *arena, struct unix_socket_list *list)
{
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	bool interrupted = true;

	if (fd < 0)
		return fail_errno("could not make a socket to ask for unix sockets");
	for (int i = 0; i < TRIES && interrupted; i++) {
		interrupted = false;
		list->count = 0;
		TRY(ask(fd));
		TRY(receive(fd, arena, list, &interrupted));
	}
	if (list->count)
		qsort(list->sockets, list->count, sizeof(*list->sockets), compare);
	return NULL;
}

const struct unix_socket_facts *unix_socket_find(const struct unix_socket_list *list, uint32_t inode)
{
	struct unix_socket_facts key = { .inode = inode };

	return list->count ? bsearch(&key, list->sockets, list->count, sizeof(key), compare) : NULL;
}
