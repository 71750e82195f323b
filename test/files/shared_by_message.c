// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
/* One description in a table, in a socket's queue, and in the table of the process that received it: they stay one, with
 * the lock that it has; and what only travels. */
#include "test.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int way[2], shared;

static void send_file(int socket, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { "f", 1 };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *rights = (struct cmsghdr *)control;

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &fd, sizeof(int));
	must(sendmsg(socket, &header, 0));
}

static int receive_file(int socket)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(socket, &header, 0) == 1 && CMSG_FIRSTHDR(&header))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(int));
	return fd;
}

static void receiver(void)
{
	int got = must(receive_file(way[1])), queued, only;

	checkpoint();

	check_equal(lseek(got, 0, SEEK_CUR), 3);
	queued = receive_file(way[1]);
	only = receive_file(way[1]);
	check(queued >= 0 && only >= 0);
	check_equal(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, got, queued), 0);
	check_equal(syscall(SYS_kcmp, getpid(), getppid(), KCMP_FILE, got, shared), 0);
	check_equal(lseek(queued, 5, SEEK_SET), 5);
	check_equal(lseek(only, 0, SEEK_CUR), 2);
	check_equal(flock(got, LOCK_UN), 0);
	meet();
}

int main(void)
{
	int only, other;
	char name[16] = "";

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, way));
	shared = must(open("file", O_RDWR | O_CREAT, 0600));
	must(write(shared, "abc", 3));
	must(flock(shared, LOCK_EX));
	only = must(open("only", O_RDWR | O_CREAT, 0600));
	must(write(only, "xy", 2));
	must(unlink("only"));
	send_file(way[0], shared);
	participant(receiver);
	send_file(way[0], shared);
	send_file(way[0], only);
	must(close(only));

	checkpoint();

	meet();
	check_equal(lseek(shared, 0, SEEK_CUR), 5);
	other = must(open("file", O_RDONLY));
	check_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	check_equal(pread(shared, name, 3, 0), 3);
	check(strcmp(name, "abc") == 0);
	return finish();
}
