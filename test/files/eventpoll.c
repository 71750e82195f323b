// SPDX-License-Identifier: GPL-2.0
/* epoll: targets with their events and data, edge and one-shot modes, an epoll in an epoll, one shared by two. */
#include "test.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int shared, shared_target;

static void add(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

static void expect(int epoll, uint32_t events, uint64_t data)
{
	struct epoll_event event = { 0 };

	if (!check(epoll_wait(epoll, &event, 1, 0) == 1, "nothing is ready, %lx should be", data))
		return;
	check_equal(event.data.u64, data);
	check_equal(event.events, events);
}

static void expect_nothing(int epoll)
{
	struct epoll_event event = { 0 };

	check(epoll_wait(epoll, &event, 1, 0) == 0, "%lx is ready", event.data.u64);
}

static void child(void)
{
	struct epoll_event event = { 0 };

	checkpoint();
	check_equal(epoll_wait(shared, &event, 1, 5000), 1);
	check_equal(event.data.u64, 50);
}

int main(void)
{
	int epoll = must(epoll_create1(EPOLL_CLOEXEC)), outer = must(epoll_create1(0)), edge = must(epoll_create1(0));
	int counter = must(eventfd(0, EFD_NONBLOCK)), ready = must(eventfd(1, EFD_NONBLOCK)), used = must(eventfd(1, 0));
	int ends[2];

	shared = must(epoll_create1(0));
	shared_target = must(eventfd(0, 0));
	add(shared, shared_target, EPOLLIN, 50);
	participant(child);
	must(pipe(ends)); /* after the fork: here alone, so that closing an end is seen */
	add(epoll, counter, EPOLLIN, 0x1111222233334444ULL);
	add(epoll, ends[0], EPOLLIN | EPOLLRDHUP, 2);
	add(outer, epoll, EPOLLIN, 3);
	add(edge, ready, EPOLLIN | EPOLLET, 4);
	add(edge, used, EPOLLIN | EPOLLONESHOT, 5);
	expect(edge, EPOLLIN, 4);
	expect(edge, EPOLLIN, 5); /* fired: switched off until it is armed again */

	checkpoint();

	expect_nothing(epoll);
	expect_nothing(outer);
	must(eventfd_write(counter, 1));
	expect(outer, EPOLLIN, 3);
	expect(epoll, EPOLLIN, 0x1111222233334444ULL);
	must(eventfd_read(counter, &(eventfd_t){ 0 }));
	must(close(ends[1]));
	expect(epoll, EPOLLHUP, 2);
	must(eventfd_write(shared_target, 1));
	must(eventfd_write(ready, 1));
	expect(edge, EPOLLIN, 4);
	expect_nothing(edge);
	must(epoll_ctl(edge, EPOLL_CTL_MOD, used, &(struct epoll_event){ .events = EPOLLIN, .data.u64 = 6 }));
	expect(edge, EPOLLIN, 6);
	return finish();
}
