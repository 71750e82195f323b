// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* Connections that were not accepted yet, with both ends in the tree: by IPv4, IPv6 and IPv4 to an IPv6 listener; listeners
 * that share a port, one that waits for data, a client that has closed already. What they have from their listener is there. */
#include "connections.h"

static int connect_to(const void *address)
{
	int fd = must(socket(((const struct sockaddr *)address)->sa_family, SOCK_STREAM, 0));

	must(connect(fd, address, sizeof(struct sockaddr_storage)));
	return fd;
}

static bool is_peer_of(int server, int client)
{
	struct sockaddr_storage own, other;
	socklen_t length = sizeof(own), other_length = sizeof(other);

	must(getsockname(client, (struct sockaddr *)&own, &length));
	must(getpeername(server, (struct sockaddr *)&other, &other_length));
	return length == other_length && !memcmp(&own, &other, length);
}

static int listen_shared(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = must(socket(AF_INET, SOCK_STREAM, 0)), on = 1;

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)));
	must(bind(fd, (struct sockaddr *)address, length));
	must(listen(fd, 8));
	must(getsockname(fd, (struct sockaddr *)address, &length));
	return fd;
}

static int listen_dual(struct sockaddr_storage *v4)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	socklen_t length = sizeof(any);
	int fd = must(socket(AF_INET6, SOCK_STREAM, 0));

	must(bind(fd, (struct sockaddr *)&any, sizeof(any)));
	must(listen(fd, 8));
	must(getsockname(fd, (struct sockaddr *)&any, &length));
	*(struct sockaddr_in *)v4 = (struct sockaddr_in){ .sin_family = AF_INET,
							  .sin_port = any.sin6_port,
							  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return fd;
}

/* Accepts all: they are these clients', and alive. Returns how many. */
static int check_clients(int listener, const int *clients, int count)
{
	int found = 0, server;

	must(fcntl(listener, F_SETFL, O_NONBLOCK));
	while ((server = accept(listener, NULL, NULL)) >= 0)
		for (int i = 0; i < count; i++)
			if (is_peer_of(server, clients[i])) {
				check_alive(server, clients[i]);
				found++;
			}
	check_equal(errno, EAGAIN);
	return found;
}

static int get(int fd, int level, int option)
{
	int value = -1;
	socklen_t length = sizeof(value);

	getsockopt(fd, level, option, &value, &length);
	return value;
}

/* The client cannot send any more, but hears. */
static void check_half_closed(int listener, int client)
{
	int server = must(accept(listener, NULL, NULL));

	check(is_peer_of(server, client));
	check_equal(get(server, IPPROTO_TCP, TCP_NODELAY), 1);
	check_equal(get(server, SOL_SOCKET, SO_KEEPALIVE), 1);
	check(is_at_end(server));
	check(send_pattern(server, 100, 5));
	check(receive_pattern(client, 100, 5));
}

int main(void)
{
	struct sockaddr_storage address;
	struct sockaddr_in group = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int clients[3], clients6[2], mapped[1], members[6], deferred[1], shared[2], listener, listener6, dual, deferring, fussy, gone;
	int on = 1, seconds = 1;

	if (!linux_is_at_least(6, 10))
		skip("this kernel cannot bring them back: see waiting_old_kernel");
	listener = listen_on(AF_INET, &address);
	for (int i = 0; i < 3; i++)
		clients[i] = connect_to(&address);
	listener6 = listen_on(AF_INET6, &address);
	for (int i = 0; i < 2; i++)
		clients6[i] = connect_to(&address);
	dual = listen_dual(&address);
	mapped[0] = connect_to(&address);
	for (int i = 0; i < 2; i++)
		shared[i] = listen_shared(&group);
	for (int i = 0; i < 6; i++)
		members[i] = connect_to(&group);
	deferring = listen_on(AF_INET, &address);
	deferred[0] = connect_to(&address);
	must(setsockopt(deferring, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds)));
	fussy = listen_on(AF_INET, &address);
	must(setsockopt(fussy, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	must(setsockopt(fussy, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	gone = connect_to(&address);
	must(shutdown(gone, SHUT_WR));
	wait_for(tcp_state(gone) == TCP_FIN_WAIT2);
	checkpoint();
	check_equal(check_clients(listener, clients, 3), 3);
	check_equal(check_clients(listener6, clients6, 2), 2);
	check_equal(check_clients(shared[0], members, 6) + check_clients(shared[1], members, 6), 6);
	check(get(deferring, IPPROTO_TCP, TCP_DEFER_ACCEPT) > 0);
	check_equal(check_clients(deferring, deferred, 1), 1);
	check_half_closed(fussy, gone);
	check_alive(mapped[0], must(accept(dual, NULL, NULL)));
	return finish();
}
