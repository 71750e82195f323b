// SPDX-License-Identifier: GPL-2.0
// refused: uses the protocol layer "tls" in the kernel
// dump-options: --tcp-established
/* Kernel TLS: its keys and records cannot be read. */
#include "connections.h"

int main(void)
{
	struct pair pair = connect_pair(AF_INET);

	if (setsockopt(pair.client, IPPROTO_TCP, TCP_ULP, "tls", 3))
		skip("this kernel has no TLS");
	checkpoint();
	check_alive(pair.client, pair.server);
	return finish();
}
