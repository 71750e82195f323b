// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* Options of a listener and of both ends of a connection. */
#include "connections.h"

#include <stdio.h>

struct option {
	int level, name, value;
};

static const struct option options[] = {
	{ IPPROTO_TCP, TCP_NODELAY, 1 },
	{ IPPROTO_TCP, TCP_KEEPIDLE, 111 },
	{ IPPROTO_TCP, TCP_KEEPINTVL, 22 },
	{ IPPROTO_TCP, TCP_KEEPCNT, 7 },
	{ IPPROTO_TCP, TCP_SYNCNT, 3 },
	{ IPPROTO_TCP, TCP_LINGER2, 13 },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, 4321 },
	{ IPPROTO_TCP, TCP_NOTSENT_LOWAT, 12345 },
	{ IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1 },
	{ IPPROTO_TCP, TCP_INQ, 1 },
	{ IPPROTO_IP, IP_TOS, 0x10 },
	{ IPPROTO_IP, IP_TTL, 33 },
	{ IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT },
	{ IPPROTO_IP, IP_RECVERR, 1 },
	{ SOL_SOCKET, SO_KEEPALIVE, 1 },
	{ SOL_SOCKET, SO_OOBINLINE, 1 },
	{ SOL_SOCKET, SO_PRIORITY, 5 },
	{ SOL_SOCKET, SO_MARK, 99 },
	{ SOL_SOCKET, SO_RCVLOWAT, 2 },
	{ SOL_SOCKET, SO_ZEROCOPY, 1 },
	{ SOL_SOCKET, SO_TIMESTAMP, 1 },
	{ SOL_SOCKET, SO_REUSEADDR, 1 },
};
enum { COUNT = sizeof(options) / sizeof(options[0]) };

static void set_all(int fd, int (*values)[COUNT])
{
	for (int i = 0; i < COUNT; i++) {
		socklen_t length = sizeof(int);

		must(setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int)));
		must(getsockopt(fd, options[i].level, options[i].name, &(*values)[i], &length));
	}
}

static void check_all(int fd, int (*values)[COUNT])
{
	for (int i = 0; i < COUNT; i++) {
		socklen_t length = sizeof(int);
		int value = -1;

		check(!getsockopt(fd, options[i].level, options[i].name, &value, &length));
		check(value == (*values)[i], "option %d of level %d: %d instead of %d", options[i].name,
		      options[i].level, value, (*values)[i]);
	}
}

int main(void)
{
	struct pair pair = connect_pair(AF_INET), plain = connect_pair(AF_INET), corked = connect_pair(AF_INET);
	int values[3][COUNT], fds[3] = { pair.client, pair.server, pair.listener }, on = 1, value, queue = 5, wait = 9;
	socklen_t length;
	char name[16] = "";

	for (int i = 0; i < 3; i++)
		set_all(fds[i], &values[i]);
	must(setsockopt(corked.client, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)));
	must(send(corked.client, "held", 4, 0));
	must(setsockopt(pair.listener, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue)));
	must(setsockopt(pair.listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &wait, sizeof(wait)));
	length = sizeof(wait);
	must(getsockopt(pair.listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &wait, &length));
	must(setsockopt(pair.client, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	checkpoint();
	for (int i = 0; i < 3; i++)
		check_all(fds[i], &values[i]);
	length = sizeof(value);
	check(!getsockopt(plain.client, SOL_SOCKET, SO_REUSEADDR, &value, &length) && value == 0);
	check(!getsockopt(plain.client, IPPROTO_TCP, TCP_NODELAY, &value, &length) && value == 0);
	check(!getsockopt(pair.listener, IPPROTO_TCP, TCP_FASTOPEN, &value, &length) && value == queue);
	check(!getsockopt(pair.listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &value, &length) && value == wait);
	length = sizeof(name);
	check(!getsockopt(pair.client, IPPROTO_TCP, TCP_CONGESTION, name, &length) && !strcmp(name, "reno"));
	check(!getsockopt(corked.client, IPPROTO_TCP, TCP_CORK, &value, &length) && value == 1);
	on = 0;
	check(!setsockopt(corked.client, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)));
	check(receive_all(corked.server, name, 4) == 4 && !memcmp(name, "held", 4));
	check_alive(pair.client, pair.server);
	return finish();
}
