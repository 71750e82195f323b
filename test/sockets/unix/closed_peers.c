// SPDX-License-Identifier: GPL-2.0
/* Connections that are half shut down, or whose other end was closed, with data left. */
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	int half[2], left[2], reset[2], packet[2], gone[2], error = 0;
	struct pollfd ready;
	socklen_t length = sizeof(error);
	char text[16];

	signal(SIGPIPE, SIG_IGN);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, half));
	must(write(half[0], "last", 4));
	must(shutdown(half[0], SHUT_WR));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, left));
	must(write(left[0], "one", 3));
	must(write(left[0], "four", 4));
	must(close(left[0]));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, reset));
	must(write(reset[1], "unread", 6));
	must(close(reset[0]));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packet));
	must(write(packet[1], "unread", 6));
	must(close(packet[0]));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, gone));
	must(write(gone[0], "datagram", 8));
	must(close(gone[0]));

	checkpoint();

	check_equal(read(half[1], text, sizeof(text)), 4);
	check_equal(read(half[1], text, sizeof(text)), 0);
	check_equal(write(half[1], "back", 4), 4);
	check_equal(read(half[0], text, sizeof(text)), 4);
	check(write(half[0], "x", 1) < 0 && errno == EPIPE);

	check_equal(read(left[1], text, sizeof(text)), 3);
	check_equal(read(left[1], text, sizeof(text)), 4);
	check_equal(read(left[1], text, sizeof(text)), 0);
	check(write(left[1], "x", 1) < 0 && errno == EPIPE);

	ready = (struct pollfd){ reset[1], POLLIN, 0 };
	check_equal(poll(&ready, 1, 0), 1);
	check_equal(ready.revents, POLLIN | POLLERR | POLLHUP);
	check_equal(getsockopt(reset[1], SOL_SOCKET, SO_ERROR, &error, &length), 0);
	check_equal(error, ECONNRESET);
	check(read(packet[1], text, sizeof(text)) < 0 && errno == ECONNRESET);
	check_equal(read(packet[1], text, sizeof(text)), 0);

	check_equal(read(gone[1], text, sizeof(text)), 8);
	check(write(gone[1], "x", 1) < 0 && errno == ECONNREFUSED);
	return finish();
}
