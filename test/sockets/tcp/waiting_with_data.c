// SPDX-License-Identifier: GPL-2.0
// refused: and has sent data already
// dump-options: --tcp-established
/* Data in a connection that was not accepted cannot be read by anyone. */
#include <linux/sockios.h>

#include "connections.h"

int main(void)
{
	struct sockaddr_storage address;
	int listener = listen_on(AF_INET, &address), client = must(socket(AF_INET, SOCK_STREAM, 0)), server;

	must(connect(client, (struct sockaddr *)&address, sizeof(address)));
	must(send_pattern(client, 100, 1) - 1);
	wait_for(bytes_of(client, SIOCOUTQ) == 0);
	checkpoint();
	server = must(accept(listener, NULL, NULL));
	check(receive_pattern(server, 100, 1));
	check_alive(client, server);
	return finish();
}
