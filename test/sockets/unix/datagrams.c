// SPDX-License-Identifier: GPL-2.0
/* Datagram sockets: a chain of peers, a queue from several senders with their names, an empty datagram. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	return address;
}

static int named(const char *name)
{
	struct sockaddr_un own = address(name);
	int fd = must(socket(AF_UNIX, SOCK_DGRAM, 0));

	must(bind(fd, (struct sockaddr *)&own, sizeof(own)));
	return fd;
}

static void send_to(int fd, const char *name, const char *text)
{
	struct sockaddr_un to = address(name);

	must(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)));
}

static void check_next(int fd, const char *text, const char *sender)
{
	struct sockaddr_un from = { 0 };
	socklen_t length = sizeof(from);
	char got[64] = "";

	check_equal(recvfrom(fd, got, sizeof(got), MSG_DONTWAIT, (struct sockaddr *)&from, &length), strlen(text));
	check(!strcmp(got, text), "%s instead of %s", got, text);
	check(!strcmp(length > 2 ? from.sun_path : "", sender), "from %s instead of %s", from.sun_path, sender);
}

static void connect_to(int fd, const char *name)
{
	struct sockaddr_un to = address(name);

	must(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

int main(void)
{
	int a = named("a"), b = named("b"), c = named("c"), self = named("self"), unnamed, gone;
	struct sockaddr_un from;
	socklen_t length = sizeof(from);
	char got[8];

	unnamed = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	gone = named("gone");
	send_to(a, "c", "from a");
	send_to(gone, "c", "from gone");
	send_to(unnamed, "c", "");
	send_to(b, "c", "from b");
	must(close(gone));
	must(unlink("gone"));
	connect_to(a, "b");
	connect_to(b, "c");
	connect_to(c, "c");
	connect_to(self, "self");
	must(write(self, "own", 3));

	checkpoint();

	check_next(c, "from a", "a");
	check_next(c, "from gone", "gone");
	check_next(c, "", "");
	check_next(c, "from b", "b");
	check_next(self, "own", "self");
	check_equal(send(a, "chain", 5, 0), -1); /* b is connected to c */
	check_equal(errno, EPERM);
	check_equal(getpeername(a, (struct sockaddr *)&from, &length), 0);
	check(!strcmp(from.sun_path, "b"));
	check_equal(recv(c, got, sizeof(got), MSG_DONTWAIT), -1);
	send_to(self, "self", "hello");
	check_next(self, "hello", "self");
	return finish();
}
