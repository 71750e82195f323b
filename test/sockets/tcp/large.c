// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
// modes: cycle leave-running
/* 100 MB in flight, in both queues of one connection. */
#include <linux/sockios.h>

#include "connections.h"

enum { ROOM = 128 << 20, PIECE = 1 << 20, LEAST = 100 * 1000 * 1000 };

int main(void)
{
	struct pair pair = connect_pair(AF_INET);
	size_t length = 0;
	int room = ROOM;
	char *piece = malloc(PIECE), *got = malloc(PIECE);

	must(setsockopt(pair.client, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)));
	must(setsockopt(pair.server, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)));
	fill_pattern(piece, PIECE, 1);
	for (int pause = 0; length < LEAST + PIECE && pause < 200;) {
		ssize_t n = send(pair.client, piece + length % PIECE, PIECE - length % PIECE, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			length += n;
			pause = 0;
		} else {
			usleep(10000);
			pause++;
		}
	}
	if (length < LEAST)
		skip("this host allows less memory for TCP (net.ipv4.tcp_mem)");
	checkpoint();
	for (size_t done = 0; done < length;) {
		size_t some = length - done < PIECE ? length - done : PIECE;

		if (!check(receive_all(pair.server, got, some) == (ssize_t)some && !memcmp(got, piece, some),
			   "the bytes from %zu on are not right", done))
			break;
		done += some;
	}
	check_alive(pair.client, pair.server);
	return finish();
}
