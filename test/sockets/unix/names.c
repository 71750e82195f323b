// SPDX-License-Identifier: GPL-2.0
/* Files of sockets: deleted, renamed, bound over, bound in another directory, in a deleted one, of
 * another owner; accepted connections whose listener is gone. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	return address;
}

static int listener(const char *name)
{
	struct sockaddr_un own = address(name);
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));

	must(bind(fd, (struct sockaddr *)&own, sizeof(own)));
	must(listen(fd, 5));
	return fd;
}

static int try_connect(const char *name)
{
	struct sockaddr_un to = address(name);
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));

	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	close(fd);
	return -1;
}

/* Does a connection to the path arrive at this listener? */
static bool leads_to(const char *name, int listener)
{
	int client = try_connect(name), server;

	if (client < 0)
		return false;
	must(fcntl(listener, F_SETFL, O_NONBLOCK));
	server = accept(listener, NULL, NULL);
	close(client);
	close(server);
	return server >= 0;
}

static bool has_name(int fd, const char *name)
{
	struct sockaddr_un own = { 0 };
	socklen_t length = sizeof(own);

	must(getsockname(fd, (struct sockaddr *)&own, &length));
	return !strcmp(own.sun_path, name);
}

int main(void)
{
	int deleted, renamed, over, under, inside, vanished, lost, clients[2], servers[2];
	struct stat stat_after;

	must(mkdir("sub", 0755));
	must(mkdir("elsewhere", 0755));
	deleted = listener("deleted");
	must(unlink("deleted"));
	renamed = listener("renamed");
	must(rename("renamed", "elsewhere/new-name"));
	under = listener("over");
	must(unlink("over"));
	over = listener("over");
	must(chdir("sub"));
	inside = listener("inside");
	must(fchmodat(AT_FDCWD, "inside", 0610, 0));
	must(chown("inside", 12, 34));
	must(chdir(".."));
	must(mkdir("gone", 0755));
	vanished = listener("gone/socket");
	must(unlink("gone/socket"));
	must(rmdir("gone"));
	lost = listener("lost");
	for (int i = 0; i < 2; i++) {
		clients[i] = try_connect("lost");
		servers[i] = must(accept(lost, NULL, NULL));
	}
	must(close(lost));
	must(unlink("lost"));

	checkpoint();

	check(has_name(deleted, "deleted"));
	check_equal(try_connect("deleted"), -1);
	check(has_name(renamed, "renamed"));
	check_equal(try_connect("renamed"), -1);
	check(leads_to("elsewhere/new-name", renamed));
	check(has_name(under, "over"));
	check(leads_to("over", over));
	check(!leads_to("over", under));
	check(has_name(inside, "inside"));
	check(leads_to("sub/inside", inside));
	check_equal(stat("sub/inside", &stat_after), 0);
	check_equal(stat_after.st_mode, S_IFSOCK | 0610);
	check(stat_after.st_uid == 12 && stat_after.st_gid == 34);
	check(has_name(vanished, "gone/socket"));
	check_equal(access("gone", F_OK), -1);
	for (int i = 0; i < 2; i++) {
		char byte = 'a' + i, got = 0;

		check(has_name(servers[i], "lost"));
		check_equal(write(clients[i], &byte, 1), 1);
		check(read(servers[i], &got, 1) == 1 && got == byte);
	}
	check_equal(access("lost", F_OK), -1);
	return finish();
}
