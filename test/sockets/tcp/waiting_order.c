// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
// modes: cycle leave-running
/* Connections are accepted in the order in which they came. */
#include "connections.h"

enum { COUNT = 5, PAUSE_US = 50000 /* the kernel tells the order in ticks */ };

int main(void)
{
	struct sockaddr_storage address;
	int listener = listen_on(AF_INET, &address), clients[COUNT];

	if (!linux_is_at_least(6, 10))
		skip("this kernel cannot bring them back: see waiting_old_kernel");
	for (int i = 0; i < COUNT; i++) {
		clients[i] = must(socket(AF_INET, SOCK_STREAM, 0));
		must(connect(clients[i], (struct sockaddr *)&address, sizeof(address)));
		usleep(PAUSE_US);
	}
	checkpoint();
	for (int i = 0; i < COUNT; i++)
		check_alive(clients[i], must(accept(listener, NULL, NULL)));
	return finish();
}
