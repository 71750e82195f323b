// SPDX-License-Identifier: GPL-2.0
/* SO_REUSEADDR and SO_REUSEPORT, set before and cleared after: several sockets at one address come back
 * in any order, and the options are as they were. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static int bound(int type, int option, struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = must(socket(AF_INET, type, 0)), on = 1;

	must(setsockopt(fd, SOL_SOCKET, option, &on, sizeof(on)));
	must(bind(fd, (struct sockaddr *)address, length));
	must(getsockname(fd, (struct sockaddr *)address, &length));
	return fd;
}

static int get(int fd, int option)
{
	int value = -1;
	socklen_t length = sizeof(value);

	getsockopt(fd, SOL_SOCKET, option, &value, &length);
	return value;
}

int main(void)
{
	struct sockaddr_in listeners = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in streams = listeners, datagrams = listeners, group = listeners, wide;
	int a = bound(SOCK_STREAM, SO_REUSEADDR, &streams), b = bound(SOCK_STREAM, SO_REUSEADDR, &streams);
	int c = bound(SOCK_DGRAM, SO_REUSEADDR, &datagrams), d = bound(SOCK_DGRAM, SO_REUSEADDR, &datagrams);
	int e = bound(SOCK_STREAM, SO_REUSEPORT, &group), f = bound(SOCK_STREAM, SO_REUSEPORT, &group), off = 0, accepted = 0;
	int g, h;

	listeners.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	g = bound(SOCK_STREAM, SO_REUSEADDR, &listeners);
	wide = listeners;
	wide.sin_addr.s_addr = 0;
	h = bound(SOCK_STREAM, SO_REUSEADDR, &wide);
	must(listen(h, 1));
	must(listen(a, 1));
	must(setsockopt(a, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)));
	must(setsockopt(c, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)));
	must(listen(e, 5));
	must(listen(f, 5));
	checkpoint();
	check_equal(get(a, SO_REUSEADDR), 0);
	check_equal(get(b, SO_REUSEADDR), 1);
	check_equal(get(c, SO_REUSEADDR), 0);
	check_equal(get(d, SO_REUSEADDR), 1);
	check_equal(get(e, SO_REUSEPORT), 1);
	check_equal(get(f, SO_REUSEPORT), 1);
	check_equal(get(a, SO_REUSEPORT), 0);
	check_equal(get(a, SO_ACCEPTCONN), 1);
	check_equal(get(b, SO_ACCEPTCONN), 0);
	check_equal(get(g, SO_ACCEPTCONN), 0);
	check(!fcntl(e, F_SETFL, O_NONBLOCK) && !fcntl(f, F_SETFL, O_NONBLOCK));
	for (int i = 0; i < 6; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		check_equal(connect(fd, (struct sockaddr *)&group, sizeof(group)), 0);
	}
	/* Which of the two gets one is the kernel's choice. */
	wait_for((accepted += (accept(e, NULL, NULL) >= 0) + (accept(f, NULL, NULL) >= 0)) == 6);
	check_equal(accepted, 6);
	return finish();
}
