// SPDX-License-Identifier: GPL-2.0
// terminals: own
// link: -lutil
/* Files of every kind that nothing but a message in a socket's queue holds; and two sockets, each in the queue of the
 * other. */
#include "test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static void send_file(int fd, int file)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { "f", 1 };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *one = (struct cmsghdr *)control;

	one->cmsg_level = SOL_SOCKET;
	one->cmsg_type = SCM_RIGHTS;
	one->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(one), &file, sizeof(int));
	must(sendmsg(fd, &header, 0));
	must(close(file));
}

static int receive_file(int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int file = -1;

	if (check(recvmsg(fd, &header, MSG_DONTWAIT) == 1 && CMSG_FIRSTHDR(&header)))
		memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(int));
	return file;
}

enum { MEMORY, TIMER, EPOLL, WATCH, SIGNALS, PROCESS, LISTENER, DATAGRAM, DIRECTORY, HANDLE, DELETED, MASTER, KINDS };

static struct sockaddr_in loopback = { .sin_family = AF_INET };

static int make_epoll(int ready)
{
	int fd = must(epoll_create1(0));
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 77 };

	must(epoll_ctl(fd, EPOLL_CTL_ADD, ready, &event));
	return fd;
}

static int make_listener(void)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));
	socklen_t length = sizeof(loopback);

	loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(fd, (struct sockaddr *)&loopback, sizeof(loopback)));
	must(listen(fd, 5));
	must(getsockname(fd, (struct sockaddr *)&loopback, &length));
	return fd;
}

static int make(int kind, int ready)
{
	struct itimerspec soon = { .it_value = { 0, 1000000 } };
	int fd = -1, other;
	sigset_t set;

	switch (kind) {
	case MEMORY:
		fd = must(memfd_create("queued", MFD_ALLOW_SEALING));
		must(write(fd, "memory", 6));
		break;
	case TIMER:
		fd = must(timerfd_create(CLOCK_MONOTONIC, 0));
		must(timerfd_settime(fd, 0, &soon, NULL));
		break;
	case EPOLL:
		fd = make_epoll(ready);
		break;
	case WATCH:
		fd = must(inotify_init1(IN_NONBLOCK));
		must(inotify_add_watch(fd, "watched", IN_CREATE));
		break;
	case SIGNALS:
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		must(sigprocmask(SIG_BLOCK, &set, NULL));
		fd = must(signalfd(-1, &set, 0));
		break;
	case PROCESS:
		fd = must(syscall(SYS_pidfd_open, getpid(), 0));
		break;
	case LISTENER:
		fd = make_listener();
		break;
	case DATAGRAM:
		fd = must(socket(AF_INET, SOCK_DGRAM, 0));
		break;
	case DIRECTORY:
		fd = must(open(".", O_RDONLY | O_DIRECTORY));
		break;
	case HANDLE:
		fd = must(open("handle", O_PATH));
		break;
	case DELETED:
		fd = must(open("deleted", O_CREAT | O_RDWR, 0600));
		must(write(fd, "gone", 4));
		must(unlink("deleted"));
		break;
	case MASTER:
		must(openpty(&fd, &other, NULL, NULL, NULL));
		must(write(other, "tty", 3));
		must(close(other));
		break;
	}
	return fd;
}

static void check_inside(int kind, int fd)
{
	struct epoll_event event = { 0 };
	struct signalfd_siginfo info;
	struct stat stat, here;
	char text[512] = "";
	uint64_t count = 0;
	int client;

	switch (kind) {
	case MEMORY:
		check(pread(fd, text, 16, 0) == 6 && !strcmp(text, "memory"));
		break;
	case TIMER:
		check(read(fd, &count, sizeof(count)) == sizeof(count) && count == 1);
		break;
	case EPOLL:
		check(epoll_wait(fd, &event, 1, 0) == 1 && event.data.u64 == 77);
		break;
	case WATCH:
		must(close(must(open("watched/file", O_CREAT | O_WRONLY, 0600))));
		check(read(fd, text, sizeof(text)) > 0 && (((struct inotify_event *)text)->mask & IN_CREATE));
		break;
	case SIGNALS:
		raise(SIGUSR1);
		check(read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGUSR1);
		break;
	case PROCESS:
		check_equal(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), 0);
		break;
	case LISTENER:
		client = must(socket(AF_INET, SOCK_STREAM, 0));
		check_equal(connect(client, (struct sockaddr *)&loopback, sizeof(loopback)), 0);
		check(accept(fd, NULL, NULL) >= 0);
		break;
	case DATAGRAM:
		check_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&loopback, sizeof(loopback)), 1);
		break;
	case DIRECTORY:
		check(!fstatat(fd, "handle", &stat, 0));
		break;
	case HANDLE:
		check(!fstat(fd, &stat) && !lstat("handle", &here) && stat.st_ino == here.st_ino);
		break;
	case DELETED:
		check(pread(fd, text, 16, 0) == 4 && !strcmp(text, "gone") && !fstat(fd, &stat) && !stat.st_nlink);
		break;
	case MASTER:
		check(read(fd, text, 16) == 3 && !strcmp(text, "tty"));
		break;
	}
}

int main(void)
{
	int ends[2], one[2], other[2], ready = must(eventfd(1, 0));

	must(mkdir("watched", 0700));
	must(close(must(open("handle", O_CREAT | O_WRONLY, 0600))));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, one));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, other));
	for (int kind = 0; kind < 8; kind++) /* as many as a queue of datagrams takes */
		send_file(ends[0], make(kind, ready));
	for (int kind = 8; kind < KINDS; kind++)
		send_file(ends[1], make(kind, ready));
	send_file(one[0], must(dup(other[1])));
	send_file(other[0], must(dup(one[1])));
	must(write(one[0], "1", 1));
	must(write(other[0], "2", 1));
	must(close(other[1]));
	sleep_milliseconds(20);

	checkpoint();

	for (int kind = 0; kind < KINDS; kind++)
		check_inside(kind, receive_file(ends[kind < 8]));
	other[1] = receive_file(one[1]);
	must(close(one[1]));
	one[1] = receive_file(other[1]);
	check_equal(read(one[1], &(char){ 0 }, 1), 1);
	check_equal(read(other[1], &(char){ 0 }, 1), 1);
	return finish();
}
