// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* CLOSING: both have closed, and the end of one is stuck behind its data. */
#include "connections.h"

int main(void)
{
	struct pair pair = connect_pair(AF_INET);
	size_t length;

	shrink(&pair);
	length = stuff(pair.client, 1);
	must(shutdown(pair.client, SHUT_WR));
	must(send_pattern(pair.server, 100, 2) - 1);
	must(shutdown(pair.server, SHUT_WR));
	wait_for(tcp_state(pair.client) == TCP_CLOSING && tcp_state(pair.server) == TCP_FIN_WAIT2);
	checkpoint();
	check_equal(tcp_state(pair.client), TCP_CLOSING);
	check(receive_pattern(pair.client, 100, 2));
	check(is_at_end(pair.client));
	check(receive_pattern(pair.server, length, 1));
	check(is_at_end(pair.server));
	return finish();
}
