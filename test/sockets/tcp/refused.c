// SPDX-License-Identifier: GPL-2.0
// refused: cannot save the TCP connection 127.0.0.1:
/* A connection without an option: both addresses and the options are named. */
#include "connections.h"

int main(void)
{
	struct pair pair = connect_pair(AF_INET);

	checkpoint();
	check_alive(pair.client, pair.server);
	return finish();
}
