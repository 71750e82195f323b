// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* FIN-WAIT-1: closed while data cannot go out. Everything and the end still arrive. */
#include "connections.h"

int main(void)
{
	struct pair pair = connect_pair(AF_INET);
	size_t length;

	shrink(&pair);
	length = stuff(pair.client, 1);
	must(shutdown(pair.client, SHUT_WR));
	check_equal(tcp_state(pair.client), TCP_FIN_WAIT1);
	checkpoint();
	check_equal(tcp_state(pair.client), TCP_FIN_WAIT1);
	check(receive_pattern(pair.server, length, 1));
	check(is_at_end(pair.server));
	check(send_pattern(pair.server, 100, 2));
	check(receive_pattern(pair.client, 100, 2));
	return finish();
}
