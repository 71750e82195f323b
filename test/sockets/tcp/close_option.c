// SPDX-License-Identifier: GPL-2.0
// options: --tcp-close
// modes: cycle twice
/* --tcp-close: connections read as ended, listeners listen. */
#include "connections.h"

int main(void)
{
	struct pair pair = connect_pair(AF_INET);
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	int fresh;

	must(getsockname(pair.listener, (struct sockaddr *)&address, &length));
	checkpoint();
	check(is_at_end(pair.client));
	check(is_at_end(pair.server));
	check(send(pair.client, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	fresh = must(socket(AF_INET, SOCK_STREAM, 0));
	check(!connect(fresh, (struct sockaddr *)&address, length));
	check_alive(fresh, accept(pair.listener, NULL, NULL));
	return finish();
}
