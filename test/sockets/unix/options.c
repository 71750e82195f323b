// SPDX-License-Identifier: GPL-2.0
/* Options and sizes of unix sockets; credentials with the data where they are asked for. */
#include "test.h"

#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

static int option(int fd, int which)
{
	int value = -1;
	socklen_t length = sizeof(value);

	getsockopt(fd, SOL_SOCKET, which, &value, &length);
	return value;
}

static void set(int fd, int which, int value)
{
	must(setsockopt(fd, SOL_SOCKET, which, &value, sizeof(value)));
}

static struct ucred receive_sender(int fd)
{
	_Alignas(struct cmsghdr) char control[256] = { 0 };
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr header = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct ucred sender = { 0 };

	check_equal(recvmsg(fd, &header, MSG_DONTWAIT), 1);
	for (struct cmsghdr *one = CMSG_FIRSTHDR(&header); one; one = CMSG_NXTHDR(&header, one))
		if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_CREDENTIALS)
			memcpy(&sender, CMSG_DATA(one), sizeof(sender));
	return sender;
}

int main(void)
{
	int plain[2], told[2], gone[2], before[2], filtered[2];
	struct timeval time = { 3, 500000 };
	struct linger linger = { 1, 4 };
	struct sock_filter code[] = { { BPF_RET | BPF_K, 0, 0, 3 } };
	struct sock_fprog program = { 1, code };
	socklen_t length;
	struct ucred sender;
	char text[16];
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, plain));
	set(plain[0], SO_SNDBUF, 10000);
	set(plain[1], SO_RCVBUF, 50000);
	set(plain[0], SO_PRIORITY, 4);
	set(plain[0], SO_RCVLOWAT, 7);
	set(plain[0], SO_KEEPALIVE, 1);
	set(plain[0], SO_MARK, 77);
	set(plain[1], SO_PEEK_OFF, 2);
	must(setsockopt(plain[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	must(setsockopt(plain[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	must(write(plain[0], "peeked", 6));
	before[0] = option(plain[0], SO_SNDBUF);
	before[1] = option(plain[1], SO_RCVBUF);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, told));
	set(told[1], SO_PASSCRED, 1);
	must(setresgid(34, -1, -1));
	must(setresuid(12, -1, -1));
	must(write(told[0], "x", 1));
	must(setresuid(0, -1, -1));
	must(setresgid(0, -1, -1));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, gone));
	set(gone[1], SO_PASSCRED, 1);
	pid = must(fork());
	if (pid == 0) {
		must(write(gone[0], "x", 1));
		_exit(0);
	}
	must(waitpid(pid, NULL, 0));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, filtered));
	must(setsockopt(filtered[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));

	checkpoint();

	check_equal(option(plain[0], SO_SNDBUF), before[0]);
	check_equal(option(plain[1], SO_RCVBUF), before[1]);
	check_equal(option(plain[0], SO_PRIORITY), 4);
	check_equal(option(plain[0], SO_RCVLOWAT), 7);
	check_equal(option(plain[0], SO_KEEPALIVE), 1);
	check_equal(option(plain[0], SO_MARK), 77);
	check_equal(option(plain[1], SO_PEEK_OFF), 2);
	check_equal(recv(plain[1], text, sizeof(text), MSG_PEEK), 4);
	length = sizeof(time);
	must(getsockopt(plain[0], SOL_SOCKET, SO_RCVTIMEO, &time, &length));
	check(time.tv_sec == 3 && time.tv_usec == 500000);
	length = sizeof(linger);
	must(getsockopt(plain[0], SOL_SOCKET, SO_LINGER, &linger, &length));
	check(linger.l_onoff == 1 && linger.l_linger == 4);
	check_equal(option(told[1], SO_PASSCRED), 1);
	check_equal(option(told[0], SO_PASSCRED), 0);
	sender = receive_sender(told[1]);
	check_equal(sender.pid, getpid());
	check_equal(sender.uid, 12);
	check_equal(sender.gid, 34);
	check_equal(receive_sender(gone[1]).pid, pid);
	must(write(filtered[0], "shortened", 9));
	check_equal(recv(filtered[1], text, sizeof(text), MSG_DONTWAIT), 3);
	return finish();
}
