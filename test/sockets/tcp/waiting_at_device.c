// SPDX-License-Identifier: GPL-2.0
// refused: of the device lo only
// dump-options: --tcp-established
/* The packets that bring such connections back would have to come through that device. */
#include "connections.h"

int main(void)
{
	struct sockaddr_storage address;
	int listener = listen_on(AF_INET, &address), client = must(socket(AF_INET, SOCK_STREAM, 0));

	must(setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	must(connect(client, (struct sockaddr *)&address, sizeof(address)));
	checkpoint();
	check_alive(client, must(accept(listener, NULL, NULL)));
	return finish();
}
