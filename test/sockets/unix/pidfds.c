// SPDX-License-Identifier: GPL-2.0
/* SO_PASSPIDFD, SO_PASSSEC, SO_PASSRIGHTS: what a receiver has asked for it still gets. */
#include "test.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif
enum { PASS_RIGHTS = 83 };

static bool set(int fd, int option, int value)
{
	return !setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value));
}

static int get(int fd, int option)
{
	int value = -1;
	socklen_t length = sizeof(value);

	getsockopt(fd, SOL_SOCKET, option, &value, &length);
	return value;
}

/* A message of this kind that comes with a byte; NULL: none. */
static struct cmsghdr *receive(int fd, int kind)
{
	static _Alignas(struct cmsghdr) char control[512];
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };

	if (!check(recvmsg(fd, &header, MSG_DONTWAIT) == 1))
		return NULL;
	for (struct cmsghdr *one = CMSG_FIRSTHDR(&header); one; one = CMSG_NXTHDR(&header, one))
		if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == kind)
			return one;
	return NULL;
}

int main(void)
{
	int told[2], secure[2], closed[2];
	struct cmsghdr *message;
	bool has_pidfds, has_rights;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, told));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, secure));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, closed));
	has_pidfds = set(told[1], SO_PASSPIDFD, 1);
	check(set(secure[1], SO_PASSSEC, 1));
	has_rights = set(closed[1], PASS_RIGHTS, 0);
	checkpoint();
	check_equal(get(secure[1], SO_PASSSEC), 1);
	check_equal(get(secure[0], SO_PASSSEC), 0);
	if (has_rights)
		check_equal(get(closed[1], PASS_RIGHTS), 0);
	if (!has_pidfds)
		return finish();
	must(write(told[0], "x", 1));
	message = receive(told[1], SCM_PIDFD);
	if (check(message != NULL))
		check_equal(syscall(SYS_pidfd_send_signal, *(int *)CMSG_DATA(message), 0, NULL, 0), 0);
	return finish();
}
