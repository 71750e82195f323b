// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* Data that was not read, and data that does not fit into the other side any more: every byte comes once. */
#include <linux/sockios.h>

#include "connections.h"

static void check_family(struct pair pair, size_t length, size_t small)
{
	check(bytes_of(pair.client, SIOCOUTQ) > 0);
	check(receive_pattern(pair.server, length, 1));
	check(receive_pattern(pair.client, small, 2));
	check_alive(pair.client, pair.server);
	check_equal(bytes_of(pair.client, SIOCINQ), 0);
}

int main(void)
{
	struct pair v4 = connect_pair(AF_INET), v6 = connect_pair(AF_INET6), large = connect_pair(AF_INET);
	size_t v4_length, v6_length, large_length;

	shrink(&v4);
	shrink(&v6);
	v4_length = stuff(v4.client, 1);
	v6_length = stuff(v6.client, 1);
	large_length = stuff(large.client, 1);
	must(send_pattern(v4.server, 5000, 2) - 1);
	must(send_pattern(v6.server, 7, 2) - 1);
	must(send_pattern(large.server, 1, 2) - 1);
	checkpoint();
	check_family(v4, v4_length, 5000);
	check_family(v6, v6_length, 7);
	check_family(large, large_length, 1);
	return finish();
}
