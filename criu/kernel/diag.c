// SPDX-License-Identifier: GPL-2.0
#include "kernel/diag.h"

#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "support/cleanup.h"

enum { ANSWER_BYTES = 64 * 1024, ONE_ANSWER_BYTES = 4096, REQUEST_BYTES = 256 };

static struct error *ask(int fd, int flags, const void *request, size_t length, const char *what)
{
	struct {
		struct nlmsghdr header;
		char body[REQUEST_BYTES];
	} message = { .header = { .nlmsg_len = NLMSG_LENGTH(length),
				  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
				  .nlmsg_flags = NLM_F_REQUEST | flags } };

	memcpy(message.body, request, length);
	return send(fd, &message, message.header.nlmsg_len, 0) < 0 ? fail_errno("could not ask for %s", what) : NULL;
}

struct error *diag_dump(const void *request, size_t length, const char *what, diag_take take, void *argument,
			bool *ret_supported)
{
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	cleanup_free char *buffer = malloc(ANSWER_BYTES);

	if (fd < 0 || !buffer)
		return fail_errno("could not ask for %s", what);
	TRY(ask(fd, NLM_F_DUMP, request, length, what));
	for (;;) {
		ssize_t n = recv(fd, buffer, ANSWER_BYTES, 0);
		size_t left = n;

		if (n < 0)
			return fail_errno("could not read the list of %s", what);
		for (const struct nlmsghdr *answer = (const struct nlmsghdr *)buffer; NLMSG_OK(answer, left);
		     answer = NLMSG_NEXT(answer, left)) {
			bool failed = answer->nlmsg_type == NLMSG_ERROR;

			if (ret_supported)
				*ret_supported = !failed;
			if (failed && !ret_supported)
				return with_hint(fail_number(-((const struct nlmsgerr *)NLMSG_DATA(answer))->error,
							     "could not list %s", what),
						 "A module of the kernel (inet_diag, packet_diag) may be missing.");
			if (failed || answer->nlmsg_type == NLMSG_DONE)
				return NULL;
			TRY(take(argument, answer));
		}
	}
}

struct error *diag_find(const void *request, size_t length, const char *what, diag_take take, void *argument,
			bool *ret_found)
{
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	char buffer[ONE_ANSWER_BYTES] __attribute__((aligned(8)));
	const struct nlmsghdr *answer = (const struct nlmsghdr *)buffer;
	ssize_t n;

	*ret_found = false;
	if (fd < 0)
		return fail_errno("could not ask for %s", what);
	TRY(ask(fd, 0, request, length, what));
	n = recv(fd, buffer, sizeof(buffer), 0);
	if (n < 0)
		return fail_errno("could not read the answer about %s", what);
	if (!NLMSG_OK(answer, (size_t)n))
		return fail("the answer about %s is cut off", what);
	if (answer->nlmsg_type == NLMSG_ERROR) {
		int number = -((const struct nlmsgerr *)NLMSG_DATA(answer))->error;

		return number == ENOENT ? NULL : fail_number(number, "could not ask for %s", what);
	}
	*ret_found = true;
	return take(argument, answer);
}

const struct rtattr *diag_attribute(const struct nlmsghdr *answer, size_t message, unsigned type)
{
	const char *start = (const char *)NLMSG_DATA(answer) + NLMSG_ALIGN(message);
	size_t left = (const char *)answer + answer->nlmsg_len - start;

	for (const struct rtattr *attribute = (const struct rtattr *)start; RTA_OK(attribute, left);
	     attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == type)
			return attribute;
	return NULL;
}
