// SPDX-License-Identifier: GPL-2.0
/* Connections that are not accepted yet and have data in them: several writes, packets, one of them empty, credentials,
 * half of them shut down. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_un addresses[3];
static int listeners[3];
static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_STREAM };

static int connect_to(int i)
{
	int fd = must(socket(AF_UNIX, types[i], 0));

	must(connect(fd, (struct sockaddr *)&addresses[i], sizeof(addresses[i])));
	return fd;
}

static void other(void)
{
	int client = connect_to(0);

	must(write(client, "other", 5));
	must(shutdown(client, SHUT_WR));
	checkpoint();
	check_equal(read(client, &(char){ 0 }, 1), 1);
	meet();
}

static void check_read(int fd, const char *text)
{
	char got[5000] = "";

	check_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), strlen(text));
	check(!strcmp(got, text), "%.20s instead of %.20s", got, text);
}

static pid_t sender_of(int fd)
{
	_Alignas(struct cmsghdr) char control[256];
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct ucred sender = { 0 };

	check_equal(recvmsg(fd, &header, MSG_DONTWAIT), 1);
	for (struct cmsghdr *one = CMSG_FIRSTHDR(&header); one; one = CMSG_NXTHDR(&header, one))
		if (one->cmsg_type == SCM_CREDENTIALS)
			memcpy(&sender, CMSG_DATA(one), sizeof(sender));
	return sender.pid;
}

int main(void)
{
	int first, packets, told, server, on = 1;
	static char most[3000];
	char got[8];
	pid_t gone;

	for (int i = 0; i < 3; i++) {
		addresses[i].sun_family = AF_UNIX;
		if (i)
			snprintf(addresses[i].sun_path + 1, 32, "waiting-%d-%d", getpid(), i);
		else
			strcpy(addresses[i].sun_path, "listener");
		listeners[i] = must(socket(AF_UNIX, types[i], 0));
		must(bind(listeners[i], (struct sockaddr *)&addresses[i], sizeof(addresses[i])));
		must(listen(listeners[i], 5));
	}
	must(setsockopt(listeners[2], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	memset(most, 'm', sizeof(most) - 1);
	first = connect_to(0);
	must(write(first, "one", 3));
	must(write(first, "two", 3));
	must(write(first, most, sizeof(most) - 1));
	packets = connect_to(1);
	must(write(packets, "a", 1));
	must(send(packets, "", 0, 0));
	must(write(packets, "long", 4));
	told = connect_to(2);
	must(write(told, "x", 1));
	gone = must(fork());
	if (gone == 0) {
		must(write(told, "y", 1));
		_exit(0);
	}
	must(waitpid(gone, NULL, 0));
	participant(other);
	checkpoint();
	server = must(accept(listeners[0], NULL, NULL));
	check_equal(recv(server, got, 6, MSG_DONTWAIT), 6);
	check(!memcmp(got, "onetwo", 6), "%.6s", got);
	check_read(server, most);
	must(write(first, "three", 5));
	check_read(server, "three");
	server = must(accept(listeners[0], NULL, NULL));
	check_read(server, "other");
	check_equal(recv(server, got, 1, MSG_DONTWAIT), 0); /* it had shut down */
	check_equal(write(server, "x", 1), 1);
	server = must(accept(listeners[1], NULL, NULL));
	check_read(server, "a");
	check_read(server, "");
	check_read(server, "long");
	check(recv(server, got, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	server = must(accept(listeners[2], NULL, NULL));
	check_equal(sender_of(server), getpid());
	check_equal(sender_of(server), gone);
	meet();
	return finish();
}
