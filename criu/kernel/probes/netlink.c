// SPDX-License-Identifier: GPL-2.0
#include "kernel/probes/netlink.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/cleanup.h"

enum { NEST = 1 << 15, TYPE_MASK = 0x3fff };

static void *extend(struct netlink_request *request, size_t length)
{
	void *place = request->data + request->length;

	length = NLMSG_ALIGN(length);
	if (request->length + length > sizeof(request->data))
		abort(); /* requests are written in the source: they fit or never do */
	memset(place, 0, length);
	request->length += length;
	if (request->message)
		request->message->nlmsg_len = request->data + request->length - (char *)request->message;
	return place;
}

void *netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, size_t head)
{
	struct nlmsghdr *message;

	request->message = NULL;
	message = extend(request, sizeof(*message));
	request->message = message;
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_seq = 1;
	return extend(request, head);
}

void netlink_attribute(struct netlink_request *request, uint16_t type, const void *data, size_t length)
{
	struct nlattr *attribute = extend(request, NLA_HDRLEN + length);

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + length;
	if (length)
		memcpy((char *)attribute + NLA_HDRLEN, data, length);
}

struct nlattr *netlink_open_nest(struct netlink_request *request, uint16_t type)
{
	struct nlattr *nest = extend(request, NLA_HDRLEN);

	nest->nla_type = type | NEST;
	return nest;
}

void netlink_close_nest(struct netlink_request *request, struct nlattr *nest)
{
	nest->nla_len = request->data + request->length - (char *)nest;
}

static struct error *read_answer(int fd, void *answer, size_t size)
{
	const struct nlmsghdr *head = answer;
	ssize_t length = recv(fd, answer, size, 0);

	if (length < 0)
		return fail_errno("no netlink answer");
	if (!NLMSG_OK(head, length))
		return fail("a netlink answer was cut off");
	if (head->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *verdict = NLMSG_DATA(head);

		if (head->nlmsg_len < NLMSG_LENGTH(sizeof(*verdict)))
			return fail("a netlink answer was cut off");
		return verdict->error ? fail_number(-verdict->error, "netlink") : NULL;
	}
	return NULL;
}

struct error *netlink_ask(int protocol, struct netlink_request *request, void *answer, size_t size)
{
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct timeval patience = { .tv_sec = 5 };

	if (fd < 0)
		return fail_errno("no netlink socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (sendto(fd, request->data, request->length, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return fail_errno("no netlink request");
	return read_answer(fd, answer, size);
}

const void *netlink_find(const struct nlmsghdr *answer, size_t head, uint16_t type)
{
	const char *place = (const char *)NLMSG_DATA(answer) + NLMSG_ALIGN(head);
	const char *end = (const char *)answer + answer->nlmsg_len;

	while (end - place >= NLA_HDRLEN) {
		const struct nlattr *attribute = (const struct nlattr *)place;

		if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > end - place)
			return NULL;
		if ((attribute->nla_type & TYPE_MASK) == type)
			return place + NLA_HDRLEN;
		place += NLA_ALIGN(attribute->nla_len);
	}
	return NULL;
}
