// SPDX-License-Identifier: GPL-2.0
// refused: 2 connections wait to be accepted by the socket that listens on port
/* Connections that were not accepted: --skip-in-flight. */
#include "connections.h"

int main(void)
{
	struct sockaddr_storage address;
	int listener = listen_on(AF_INET, &address), one = must(socket(AF_INET, SOCK_STREAM, 0));
	int two = must(socket(AF_INET, SOCK_STREAM, 0));

	must(connect(one, (struct sockaddr *)&address, sizeof(address)));
	must(connect(two, (struct sockaddr *)&address, sizeof(address)));
	checkpoint();
	check_alive(one, accept(listener, NULL, NULL));
	check_alive(two, accept(listener, NULL, NULL));
	return finish();
}
