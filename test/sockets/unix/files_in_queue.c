// SPDX-License-Identifier: GPL-2.0
/* Files that travel in sockets: at their byte, several at once, a socket in itself, a listener, in both
 * datagrams and streams. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void send_files(int fd, const char *text, const int *fds, size_t count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	struct iovec data = { (void *)text, strlen(text) };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *one = (struct cmsghdr *)control;

	header.msg_controllen = CMSG_SPACE(count * sizeof(int));
	one->cmsg_level = SOL_SOCKET;
	one->cmsg_type = SCM_RIGHTS;
	one->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(one), fds, count * sizeof(int));
	must(sendmsg(fd, &header, 0));
}

static size_t receive_files(int fd, char *text, size_t length, int *fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	struct iovec data = { text, length };
	struct msghdr header = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *one;
	ssize_t n = recvmsg(fd, &header, MSG_DONTWAIT);

	check(n > 0);
	text[n > 0 ? n : 0] = '\0';
	one = CMSG_FIRSTHDR(&header);
	if (!one)
		return 0;
	memcpy(fds, CMSG_DATA(one), one->cmsg_len - CMSG_LEN(0));
	return (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}

static void check_eventfd(int fd, uint64_t expected)
{
	uint64_t value = 0;

	check_equal(read(fd, &value, sizeof(value)), sizeof(value));
	check_equal(value, expected);
}

int main(void)
{
	struct sockaddr_un abstract = { .sun_family = AF_UNIX };
	int stream[2], packets[2], self[2], inner[2], fds[8], event, file, pipe_ends[2], listener, client;
	char text[64];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, stream));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, self));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, inner));
	event = must(eventfd(5, 0));
	file = must(open("file", O_CREAT | O_RDWR, 0600));
	must(write(file, "contents", 8));
	must(pipe(pipe_ends));
	must(write(pipe_ends[1], "pipe", 4));
	listener = must(socket(AF_UNIX, SOCK_STREAM, 0));
	snprintf(abstract.sun_path + 1, 32, "files-%d", getpid());
	must(bind(listener, (struct sockaddr *)&abstract, sizeof(abstract)));
	must(listen(listener, 3));

	must(write(stream[0], "before", 6));
	send_files(stream[0], "with", (int[]){ event, file }, 2);
	must(write(stream[0], "after", 5));
	send_files(packets[0], "pipe", pipe_ends, 2);
	send_files(packets[0], "listener", &listener, 1);
	send_files(self[0], "self", self, 2);
	/* A socket with data that is in the queue of another only. */
	must(write(inner[0], "deep", 4));
	send_files(inner[0], "files", &event, 1);
	send_files(self[0], "inner", &inner[1], 1);
	must(close(inner[1]));
	must(close(file));
	must(close(pipe_ends[0]));
	must(close(pipe_ends[1]));
	must(close(listener));

	checkpoint();

	check_equal(receive_files(stream[1], text, 6, fds), 0);
	check(!strcmp(text, "before"));
	check_equal(receive_files(stream[1], text, 60, fds), 2);
	check(!strcmp(text, "with"));
	check_eventfd(fds[0], 5);
	check_equal(pread(fds[1], text, 8, 0), 8);
	check_equal(lseek(fds[1], 0, SEEK_CUR), 8);
	check_equal(receive_files(stream[1], text, 60, fds), 0);
	check(!strcmp(text, "after"));

	check_equal(receive_files(packets[1], text, 60, fds), 2);
	check_equal(read(fds[0], text, 60), 4);
	check_equal(receive_files(packets[1], text, 60, fds), 1);
	client = must(socket(AF_UNIX, SOCK_STREAM, 0));
	check_equal(connect(client, (struct sockaddr *)&abstract, sizeof(abstract)), 0);
	check(accept(fds[0], NULL, NULL) >= 0);

	check_equal(receive_files(self[1], text, 60, fds), 2);
	check_equal(write(fds[0], "again", 5), 5);
	check_equal(receive_files(self[1], text, 60, fds), 1);
	check(!strcmp(text, "inner"));
	check_equal(receive_files(fds[0], text, 4, fds + 1), 0);
	check_equal(receive_files(fds[0], text, 60, fds + 1), 1);
	check_equal(write(event, &(uint64_t){ 9 }, 8), 8);
	check_eventfd(fds[1], 9);
	check_equal(read(self[1], text, 60), 5);
	return finish();
}
