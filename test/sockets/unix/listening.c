// SPDX-License-Identifier: GPL-2.0
/* Listeners by path, abstract and chosen by the kernel; accepted connections with their names; clients that
 * are not accepted yet, in their order. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t name_of(int fd, struct sockaddr_un *address, int (*get)(int, struct sockaddr *, socklen_t *))
{
	socklen_t length = sizeof(*address);

	memset(address, 0, sizeof(*address));
	must(get(fd, (struct sockaddr *)address, &length));
	return length;
}

static int make_listener(int type, const void *name, socklen_t length, struct sockaddr_un *address, socklen_t *ret)
{
	int fd = must(socket(AF_UNIX, type, 0));

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, name, length);
	must(bind(fd, (struct sockaddr *)address, sizeof(sa_family_t) + length));
	must(listen(fd, 7));
	*ret = name_of(fd, address, getsockname);
	return fd;
}

static void try_one(int type, const void *name, socklen_t length)
{
	struct sockaddr_un address, now;
	socklen_t address_length, now_length;
	int listener = make_listener(type, name, length, &address, &address_length);
	int client = must(socket(AF_UNIX, type, 0)), server, waiting[3], later;
	char byte = 0;

	must(connect(client, (struct sockaddr *)&address, address_length));
	server = must(accept(listener, NULL, NULL));
	must(write(client, "c", 1));
	must(write(server, "s", 1));
	for (int i = 0; i < 3; i++) {
		waiting[i] = must(socket(AF_UNIX, type | SOCK_NONBLOCK, 0));
		must(connect(waiting[i], (struct sockaddr *)&address, address_length));
	}

	checkpoint();

	now_length = name_of(listener, &now, getsockname);
	check(now_length == address_length && !memcmp(&now, &address, now_length));
	now_length = name_of(server, &now, getsockname);
	check(now_length == address_length && !memcmp(&now, &address, now_length), "accepted");
	now_length = name_of(client, &now, getpeername);
	check(now_length == address_length && !memcmp(&now, &address, now_length), "peer");
	check_equal(name_of(client, &now, getsockname), sizeof(sa_family_t));
	check(read(client, &byte, 1) == 1 && byte == 's');
	check(read(server, &byte, 1) == 1 && byte == 'c');
	for (int i = 0; i < 3; i++) {
		char sent = '0' + i;

		check_equal(write(waiting[i], &sent, 1), 1);
		server = must(accept(listener, NULL, NULL));
		check(read(server, &byte, 1) == 1 && byte == sent, "%c instead of %c", byte, sent);
	}
	later = must(socket(AF_UNIX, type, 0));
	check_equal(connect(later, (struct sockaddr *)&address, address_length), 0);
	must(accept(listener, NULL, NULL));
}

int main(void)
{
	char name[64];
	struct stat stat_before, stat_after;
	int length = snprintf(name, sizeof(name), "%ctest-%d", 0, getpid());

	try_one(SOCK_STREAM, name, length);
	try_one(SOCK_SEQPACKET, "", 0);
	try_one(SOCK_STREAM, "relative", sizeof("relative"));
	must(chmod("relative", 0640));
	must(stat("relative", &stat_before));
	checkpoint();
	check_equal(stat("relative", &stat_after), 0);
	check_equal(stat_after.st_mode, stat_before.st_mode);
	return finish();
}
