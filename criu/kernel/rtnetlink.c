// SPDX-License-Identifier: GPL-2.0
#include "kernel/rtnetlink.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "support/cleanup.h"

enum { ANSWER_BYTES = 64 * 1024, REQUEST_BYTES = 256 };

static struct error *open_socket(int *ret_fd)
{
	*ret_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return *ret_fd < 0 ? fail_errno("could not open a netlink socket") : NULL;
}

struct error *rtnetlink_list(unsigned type, const void *body, size_t length, rtnetlink_take take, void *argument)
{
	struct {
		struct nlmsghdr header;
		char body[REQUEST_BYTES];
	} request = { .header = { .nlmsg_len = NLMSG_LENGTH(length),
				  .nlmsg_type = type,
				  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	cleanup_free char *buffer = malloc(ANSWER_BYTES);
	cleanup_close int fd = -1;

	if (!buffer)
		return out_of_memory();
	TRY(open_socket(&fd));
	memcpy(request.body, body, length);
	if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
		return fail_errno("could not ask for network devices");
	for (;;) {
		ssize_t n = recv(fd, buffer, ANSWER_BYTES, 0);
		size_t left = n;

		if (n < 0)
			return fail_errno("could not read of network devices");
		for (const struct nlmsghdr *answer = (const struct nlmsghdr *)buffer; NLMSG_OK(answer, left);
		     answer = NLMSG_NEXT(answer, left)) {
			if (answer->nlmsg_type == NLMSG_ERROR)
				return fail_number(-((const struct nlmsgerr *)NLMSG_DATA(answer))->error,
						   "could not list network devices");
			if (answer->nlmsg_type == NLMSG_DONE)
				return NULL;
			TRY(take(argument, answer));
		}
	}
}

struct error *rtnetlink_send(struct nlmsghdr *message, unsigned flags)
{
	_Alignas(struct nlmsghdr) char buffer[4096];
	const struct nlmsghdr *answer = (const struct nlmsghdr *)buffer;
	cleanup_close int fd = -1;
	int number;

	TRY(open_socket(&fd));
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	message->nlmsg_pid = 0;
	if (send(fd, message, message->nlmsg_len, 0) < 0 ||
	    recv(fd, buffer, sizeof(buffer), 0) < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		return fail_errno("could not talk to the kernel about network devices");
	if (answer->nlmsg_type != NLMSG_ERROR)
		return fail("unexpected answer about network devices");
	number = -((const struct nlmsgerr *)NLMSG_DATA(answer))->error;
	return number ? fail_number(number, "the kernel refuses it") : NULL;
}

struct rtattr *rtnetlink_attribute(const struct nlmsghdr *message, size_t body, unsigned type)
{
	char *start = (char *)NLMSG_DATA(message) + NLMSG_ALIGN(body);
	ssize_t left = (const char *)message + message->nlmsg_len - start;

	for (struct rtattr *attribute = (struct rtattr *)start; RTA_OK(attribute, left);
	     attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == type)
			return attribute;
	return NULL;
}
