// SPDX-License-Identifier: GPL-2.0
/* Pairs of connected TCP sockets, and data through them, for the tests beside it. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

struct pair {
	int client, server, listener;
};

static inline int listen_on(int family, struct sockaddr_storage *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t length = sizeof(*address);
	int fd = must(socket(family, SOCK_STREAM, 0));

	must(bind(fd, family == AF_INET ? (void *)&v4 : (void *)&v6, family == AF_INET ? sizeof(v4) : sizeof(v6)));
	must(listen(fd, 8));
	must(getsockname(fd, (struct sockaddr *)address, &length));
	return fd;
}

static inline struct pair connect_pair(int family)
{
	struct sockaddr_storage address;
	struct pair pair = { .listener = listen_on(family, &address) };

	pair.client = must(socket(family, SOCK_STREAM, 0));
	must(connect(pair.client, (struct sockaddr *)&address, sizeof(address)));
	pair.server = must(accept(pair.listener, NULL, NULL));
	return pair;
}

static inline int tcp_state(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length));
	return info.tcpi_state;
}

/* Writes or reads so many bytes of the pattern that belongs to the seed. */
static inline bool send_pattern(int fd, size_t length, uint64_t seed)
{
	char *data = malloc(length);
	size_t done = 0;
	ssize_t n;

	fill_pattern(data, length, seed);
	while (done < length && (n = send(fd, data + done, length - done, MSG_NOSIGNAL)) > 0)
		done += n;
	free(data);
	return done == length;
}

static inline ssize_t receive_all(int fd, void *data, size_t length)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	size_t done = 0;
	ssize_t n;

	while (done < length && poll(&ready, 1, 10000) > 0) {
		n = recv(fd, (char *)data + done, length - done, 0);
		if (n <= 0)
			break;
		done += n;
	}
	return done;
}

static inline bool receive_pattern(int fd, size_t length, uint64_t seed)
{
	char *data = malloc(length);
	bool right = receive_all(fd, data, length) == (ssize_t)length && wrong_byte(data, length, seed) == -1;

	free(data);
	return right;
}

/* Data goes both ways. */
static inline void check_alive(int one, int other)
{
	check(send_pattern(one, 1000, 11));
	check(receive_pattern(other, 1000, 11));
	check(send_pattern(other, 1000, 12));
	check(receive_pattern(one, 1000, 12));
}

/* The other side has closed, and everything was read. */
static inline bool is_at_end(int fd)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	char byte;

	return poll(&ready, 1, 5000) == 1 && recv(fd, &byte, 1, 0) == 0;
}

/* Writes until nothing more goes in: the other side's buffer is full, and so is our own. Returns how much. */
static inline size_t stuff(int fd, uint64_t seed)
{
	enum { ROOM = 64 << 20 };
	char *data = malloc(ROOM);
	size_t done = 0;
	ssize_t n;

	fill_pattern(data, ROOM, seed);
	while (done < ROOM && (n = send(fd, data + done, ROOM - done, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		done += n;
	free(data);
	return done;
}

/* Makes a connection's buffers small, so that stuff() is quick. */
static inline void shrink(const struct pair *pair)
{
	int size = 64 * 1024;

	must(setsockopt(pair->client, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	must(setsockopt(pair->server, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
}

static inline int bytes_of(int fd, unsigned long request)
{
	int count = -1;

	must(ioctl(fd, request, &count));
	return count;
}
