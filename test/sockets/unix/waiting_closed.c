// SPDX-License-Identifier: GPL-2.0
/* Connections that nobody has accepted yet and whose client is closed: with data and without, between others, by a process
 * that is gone and was another user. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1234, GROUP = 2345 };

static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
static struct sockaddr_un addresses[2];

static int connect_to(int i)
{
	int fd = must(socket(AF_UNIX, types[i], 0));

	must(connect(fd, (struct sockaddr *)&addresses[i], sizeof(addresses[i])));
	return fd;
}

static pid_t close_client(int i, const char *text)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		int fd;

		must(setegid(GROUP));
		must(seteuid(USER));
		fd = connect_to(i);
		if (*text)
			must(write(fd, text, strlen(text)));
		_exit(0);
	}
	must(waitpid(pid, NULL, 0));
	return pid;
}

static int take(int listener, pid_t pid, uid_t uid, gid_t gid)
{
	int fd = must(accept(listener, NULL, NULL));
	struct ucred peer = { 0 };
	socklen_t length = sizeof(peer);

	must(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length));
	check(peer.pid == pid && peer.uid == uid && peer.gid == gid, "%d %d:%d instead of %d %d:%d", peer.pid, peer.uid, peer.gid,
	      pid, uid, gid);
	return fd;
}

int main(void)
{
	int listeners[2], open_clients[2], server;
	pid_t with_data[2], without[2];
	char got[16] = "";

	for (int i = 0; i < 2; i++) {
		addresses[i].sun_family = AF_UNIX;
		snprintf(addresses[i].sun_path + 1, 32, "closed-%d-%d", getpid(), i);
		listeners[i] = must(socket(AF_UNIX, types[i], 0));
		must(bind(listeners[i], (struct sockaddr *)&addresses[i], sizeof(addresses[i])));
		must(listen(listeners[i], 5));
		with_data[i] = close_client(i, "farewell");
		open_clients[i] = connect_to(i);
		without[i] = close_client(i, "");
	}

	checkpoint();

	for (int i = 0; i < 2; i++) {
		server = take(listeners[i], with_data[i], USER, GROUP);
		check(read(server, got, sizeof(got)) == 8 && !memcmp(got, "farewell", 8));
		check_equal(read(server, got, sizeof(got)), 0);
		check(send(server, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
		server = take(listeners[i], getpid(), 0, 0);
		check_equal(write(open_clients[i], "open", 4), 4);
		check(read(server, got, sizeof(got)) == 4 && !memcmp(got, "open", 4));
		server = take(listeners[i], without[i], USER, GROUP);
		check_equal(read(server, got, sizeof(got)), 0);
	}
	return finish();
}
