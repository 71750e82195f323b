// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* One side has closed: FIN-WAIT-2 and CLOSE-WAIT, with data that was not read before the end. */
#include "connections.h"

int main(void)
{
	struct pair pair = connect_pair(AF_INET), other = connect_pair(AF_INET6);

	must(send_pattern(pair.client, 3000, 1) - 1);
	must(shutdown(pair.client, SHUT_WR));
	must(shutdown(other.server, SHUT_WR));
	wait_for(tcp_state(pair.client) == TCP_FIN_WAIT2 && tcp_state(pair.server) == TCP_CLOSE_WAIT);
	wait_for(tcp_state(other.server) == TCP_FIN_WAIT2 && tcp_state(other.client) == TCP_CLOSE_WAIT);
	checkpoint();
	check_equal(tcp_state(pair.client), TCP_FIN_WAIT2);
	check_equal(tcp_state(pair.server), TCP_CLOSE_WAIT);
	check(receive_pattern(pair.server, 3000, 1));
	check(is_at_end(pair.server));
	check(send_pattern(pair.server, 70000, 2));
	check(receive_pattern(pair.client, 70000, 2));
	close(pair.server);
	check(is_at_end(pair.client));
	check(is_at_end(other.client));
	check(send_pattern(other.client, 10, 3));
	check(receive_pattern(other.server, 10, 3));
	return finish();
}
