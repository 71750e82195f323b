// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
// refused: which kernels before Linux 6.10 cannot bring back
/* A connection that was not accepted, where no number of a new one follows from that of an earlier one. */
#include "connections.h"

int main(void)
{
	struct sockaddr_storage address;
	int listener = listen_on(AF_INET, &address), client = must(socket(AF_INET, SOCK_STREAM, 0));

	if (linux_is_at_least(6, 10))
		skip("this kernel can bring it back");
	must(connect(client, (struct sockaddr *)&address, sizeof(address)));
	checkpoint();
	check_alive(client, must(accept(listener, NULL, NULL)));
	return finish();
}
