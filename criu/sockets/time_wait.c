// SPDX-License-Identifier: GPL-2.0
/*
 * time_wait: what the kernel keeps of connections that have ended, for a minute, holds the port that their listener
 * wants back; nobody could bind to it. sock_diag(7), SOCK_DESTROY.
 */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/time.h>

#include "sockets/inet.h"
#include "support/cleanup.h"

enum { ANSWER_BYTES = 32 * 1024, PATIENCE_SECONDS = 5, MAX_ENDED = 65536 };

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

struct ended {
	struct inet_diag_sockid *ids;
	size_t count;
};

static void cleanup_ended(struct ended *ended)
{
	free(ended->ids);
}

static struct error *send_request(int fd, int type, int flags, int family, const struct inet_diag_sockid *id)
{
	struct request request = {
		.header = { .nlmsg_len = sizeof(request), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags },
		.body = { .sdiag_family = family,
			  .sdiag_protocol = IPPROTO_TCP,
			  .idiag_states = 1 << INET_TIME_WAIT,
			  .id = *id },
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? fail_errno("could not ask for ended connections") : NULL;
}

/* *done: the list is complete. */
static struct error *take_answer(struct ended *ended, uint16_t port, char *buffer, size_t length, bool *done)
{
	for (const struct nlmsghdr *header = (const struct nlmsghdr *)buffer; NLMSG_OK(header, length);
	     header = NLMSG_NEXT(header, length)) {
		const struct inet_diag_msg *message = NLMSG_DATA(header);
		struct inet_diag_sockid *ids;

		*done = header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR;
		if (*done)
			return NULL;
		if (message->id.idiag_sport != port || ended->count == MAX_ENDED)
			continue;
		ids = realloc(ended->ids, (ended->count + 1) * sizeof(*ids));
		if (!ids)
			return out_of_memory();
		ended->ids = ids;
		ended->ids[ended->count++] = message->id;
	}
	return NULL;
}

static struct error *list(int fd, int family, uint16_t port, struct ended *ended)
{
	cleanup_free char *buffer = malloc(ANSWER_BYTES);
	struct inet_diag_sockid any = { 0 };
	bool done = false;

	if (!buffer)
		return out_of_memory();
	TRY(send_request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, family, &any));
	while (!done) {
		ssize_t n = recv(fd, buffer, ANSWER_BYTES, 0);

		if (n < 0)
			return fail_errno("could not read the list of ended connections");
		TRY(take_answer(ended, port, buffer, n, &done));
	}
	return NULL;
}

struct error *time_wait_forget(uint16_t port)
{
	static const int families[] = { AF_INET, AF_INET6 };
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	char answer[1024];

	if (fd < 0)
		return fail_errno("could not make a socket to ask for ended connections");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (int i = 0; i < 2; i++) {
		__attribute__((cleanup(cleanup_ended))) struct ended ended = { 0 };

		TRY(list(fd, families[i], port, &ended));
		for (size_t j = 0; j < ended.count; j++) {
			TRY(send_request(fd, SOCK_DESTROY, NLM_F_ACK, families[i], &ended.ids[j]));
			if (recv(fd, answer, sizeof(answer), 0) < 0)
				return fail_errno("could not remove an ended connection");
		}
	}
	return NULL;
}
