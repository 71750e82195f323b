// SPDX-License-Identifier: GPL-2.0
// differs: fd \d+: .*tfd:
/* epoll: targets under several numbers, closed under their own, numbers that are used again, files that only another
 * process or a socket's queue has, exclusive and wakeup flags. */
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static int watcher, sent, pair[2], moved;

static void add(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

static void expect(int epoll, uint64_t data)
{
	struct epoll_event event = { 0 };

	if (check(epoll_wait(epoll, &event, 1, 5000) == 1, "nothing is ready, %lu should be", data))
		check_equal(event.data.u64, data);
}

static void send_file(int socket, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { "x", 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *rights = (struct cmsghdr *)control;

	*rights = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(rights), &fd, sizeof(int));
	must(sendmsg(socket, &message, 0));
}

static int receive_file(int socket)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int fd = -1;

	check_equal(recvmsg(socket, &message, 0), 1);
	if (message.msg_controllen)
		memcpy(&fd, CMSG_DATA((struct cmsghdr *)control), sizeof(int));
	return fd;
}

/* Has the file `moved`, but no epoll. */
static void child(void)
{
	must(close(watcher));
	meet();
	checkpoint();
	check_equal(eventfd_write(moved, 1), 0);
	meet();
}


int main(void)
{
	int first, second, reused, exclusive, wakeup;

	watcher = must(epoll_create1(0));
	moved = must(eventfd(0, EFD_NONBLOCK));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	participant(child);
	add(watcher, moved, EPOLLIN, 1);
	meet(); /* the child has its own */
	must(close(moved));
	first = must(eventfd(0, EFD_NONBLOCK));
	add(watcher, first, EPOLLIN, 2);
	second = must(fcntl(first, F_DUPFD, 30));
	add(watcher, second, EPOLLIN | EPOLLET, 3);
	must(close(first));
	reused = must(eventfd(0, EFD_NONBLOCK));
	check_equal(reused, first);
	add(watcher, reused, EPOLLIN, 4);
	sent = must(eventfd(0, EFD_NONBLOCK));
	add(watcher, sent, EPOLLIN, 5);
	send_file(pair[0], sent);
	must(close(sent));
	exclusive = must(eventfd(0, EFD_NONBLOCK));
	add(watcher, exclusive, EPOLLIN | EPOLLEXCLUSIVE, 6);
	wakeup = must(eventfd(0, EFD_NONBLOCK));
	add(watcher, wakeup, EPOLLIN | EPOLLWAKEUP, 7);

	checkpoint();

	expect(watcher, 1); /* the child writes */
	must(epoll_wait(watcher, &(struct epoll_event){ 0 }, 1, 0));
	sent = receive_file(pair[1]);
	check(sent >= 0, "the file in the queue is lost");
	moved = -1;
	check_equal(eventfd_write(sent, 1), 0);
	check_equal(eventfd_write(reused, 1), 0);
	check_equal(eventfd_write(exclusive, 1), 0);
	check_equal(eventfd_write(wakeup, 1), 0);
	check_equal(eventfd_write(second, 1), 0);
	{
		struct epoll_event events[16];
		int count = epoll_wait(watcher, events, 16, 0), seen = 0;

		for (int i = 0; i < count; i++)
			seen |= 1 << events[i].data.u64;
		check(seen == 0xfe, "ready are 0x%x", seen);
	}
	meet();
	must(eventfd_read(second, &(eventfd_t){ 0 }));
	must(eventfd_read(reused, &(eventfd_t){ 0 }));
	must(eventfd_read(sent, &(eventfd_t){ 0 }));
	must(eventfd_read(wakeup, &(eventfd_t){ 0 }));
	check(epoll_ctl(watcher, EPOLL_CTL_DEL, exclusive, NULL) == 0);
	check(epoll_ctl(watcher, EPOLL_CTL_DEL, wakeup, NULL) == 0);
	check(epoll_ctl(watcher, EPOLL_CTL_DEL, reused, NULL) == 0);
	return finish();
}
