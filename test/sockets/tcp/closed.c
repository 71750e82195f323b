// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* Connections that are over (TIME-WAIT is the kernel's own), with and without data to read; one was reset. */
#include "connections.h"

int main(void)
{
	struct pair plain = connect_pair(AF_INET), unread = connect_pair(AF_INET), reset = connect_pair(AF_INET);
	struct pollfd ready;
	char byte;

	must(shutdown(plain.client, SHUT_WR));
	wait_for(tcp_state(plain.server) == TCP_CLOSE_WAIT);
	must(shutdown(plain.server, SHUT_WR));
	must(send_pattern(unread.client, 400, 1) - 1);
	must(shutdown(unread.server, SHUT_WR));
	wait_for(tcp_state(unread.client) == TCP_CLOSE_WAIT);
	must(shutdown(unread.client, SHUT_WR));
	must(send_pattern(reset.client, 1, 1) - 1);
	wait_for(bytes_of(reset.server, FIONREAD) == 1);
	close(reset.server);
	wait_for(tcp_state(plain.client) == TCP_CLOSE && tcp_state(plain.server) == TCP_CLOSE);
	wait_for(tcp_state(unread.server) == TCP_CLOSE && tcp_state(reset.client) == TCP_CLOSE);
	checkpoint();
	check_equal(tcp_state(plain.client), TCP_CLOSE);
	check_equal(tcp_state(unread.server), TCP_CLOSE);
	check(is_at_end(plain.client));
	check(is_at_end(plain.server));
	check(send(plain.client, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	check(receive_pattern(unread.server, 400, 1));
	check(is_at_end(unread.server));
	ready = (struct pollfd){ reset.client, POLLIN, 0 };
	check(poll(&ready, 1, 0) == 1 && ready.revents & POLLERR);
	check(recv(reset.client, &byte, 1, 0) < 0 && errno == ECONNRESET);
	check(recv(reset.client, &byte, 1, 0) == 0);
	return finish();
}
