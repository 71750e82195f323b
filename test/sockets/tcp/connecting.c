// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
// dump-options: --skip-in-flight
// modes: cycle leave-running
/* SYN-SENT: a connection whose first packet was not answered, for nobody accepts, goes on after the restore. */
#include "connections.h"

static int connect_without_waiting(const struct sockaddr_storage *address)
{
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));

	check(!connect(fd, (const struct sockaddr *)address, sizeof(struct sockaddr_in)) || errno == EINPROGRESS);
	return fd;
}

static uint16_t port_of(int fd, bool of_peer)
{
	struct sockaddr_in name = { 0 };
	socklen_t length = sizeof(name);

	must(of_peer ? getpeername(fd, (struct sockaddr *)&name, &length) :
		       getsockname(fd, (struct sockaddr *)&name, &length));
	return name.sin_port;
}

int main(void)
{
	struct sockaddr_storage address;
	int listener = listen_on(AF_INET, &address), first, second, server;
	uint16_t port;

	must(listen(listener, 0));
	first = connect_without_waiting(&address);
	wait_for(tcp_state(first) == TCP_ESTABLISHED);
	second = connect_without_waiting(&address);
	check_equal(tcp_state(second), TCP_SYN_SENT);
	port = port_of(second, false);
	checkpoint();
	check_equal(port_of(second, false), port);
	/* The one that waited is there only if the tree ran on. */
	for (server = must(accept(listener, NULL, NULL)); port_of(server, true) != port;
	     server = must(accept(listener, NULL, NULL)))
		must(close(server));
	wait_for(tcp_state(second) == TCP_ESTABLISHED);
	check_equal(fcntl(second, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	must(fcntl(second, F_SETFL, 0));
	check_alive(second, server);
	return finish();
}
