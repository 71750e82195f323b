// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* LAST-ACK: the other side has closed, and our own end is stuck behind data. */
#include "connections.h"

int main(void)
{
	struct pair pair = connect_pair(AF_INET6);
	size_t length;

	shrink(&pair);
	must(shutdown(pair.server, SHUT_WR));
	wait_for(tcp_state(pair.client) == TCP_CLOSE_WAIT);
	length = stuff(pair.client, 1);
	must(shutdown(pair.client, SHUT_WR));
	check_equal(tcp_state(pair.client), TCP_LAST_ACK);
	checkpoint();
	check_equal(tcp_state(pair.client), TCP_LAST_ACK);
	check(is_at_end(pair.client));
	check(receive_pattern(pair.server, length, 1));
	check(is_at_end(pair.server));
	return finish();
}
