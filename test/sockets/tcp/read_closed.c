// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* shutdown(SHUT_RD), and SO_PEEK_OFF on a connection. */
#include "connections.h"

int main(void)
{
	struct pair pair = connect_pair(AF_INET), peeking = connect_pair(AF_INET);
	int offset = 2;
	socklen_t length = sizeof(offset);
	char text[8] = "";
	bool can_peek;

	must(shutdown(pair.client, SHUT_RD));
	can_peek = !setsockopt(peeking.client, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset));
	must(send(peeking.server, "abcdef", 6, 0));
	wait_for(bytes_of(peeking.client, FIONREAD) == 6);
	checkpoint();
	check(is_at_end(pair.client));
	check(send_pattern(pair.client, 100, 1));
	check(receive_pattern(pair.server, 100, 1));
	if (can_peek) {
		check(!getsockopt(peeking.client, SOL_SOCKET, SO_PEEK_OFF, &offset, &length) && offset == 2);
		check(recv(peeking.client, text, 2, MSG_PEEK) == 2 && !memcmp(text, "cd", 2));
	}
	check(recv(peeking.client, text, 8, 0) == 6 && !memcmp(text, "abcdef", 6));
	return finish();
}
