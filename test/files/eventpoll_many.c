// SPDX-License-Identifier: GPL-2.0
// timeout: 60
/* An epoll with 10,000 targets; one of them has moved to another number, and its old one is that of a file that is not
 * watched. */
#include "test.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum { COUNT = 10000 };

int main(void)
{
	int epoll = must(epoll_create1(0)), *targets = calloc(COUNT, sizeof(int));
	int unwatched, moved = COUNT / 2;
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_max < COUNT + 100)
		skip("only %lu descriptors are allowed", (unsigned long)limit.rlim_max);
	limit.rlim_cur = limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	for (int i = 0; i < COUNT; i++) {
		struct epoll_event event = { .events = i % 2 ? EPOLLIN : EPOLLIN | EPOLLET, .data.u64 = i };

		targets[i] = must(eventfd(0, EFD_NONBLOCK));
		must(epoll_ctl(epoll, EPOLL_CTL_ADD, targets[i], &event));
	}
	unwatched = targets[moved];
	targets[moved] = must(dup(unwatched));
	must(close(unwatched));
	check_equal(must(eventfd(0, EFD_NONBLOCK)), unwatched);

	checkpoint();

	check_equal(eventfd_write(unwatched, 1), 0);
	check_equal(epoll_wait(epoll, &(struct epoll_event){ 0 }, 1, 0), 0);

	for (int i = 0; i < COUNT; i += 50) {
		struct epoll_event event = { 0 };

		check_equal(eventfd_write(targets[i], 1), 0);
		check(epoll_wait(epoll, &event, 1, 0) == 1 && event.data.u64 == (uint64_t)i, "target %d: %lu", i, event.data.u64);
		check_equal(eventfd_read(targets[i], &(eventfd_t){ 0 }), 0);
	}
	check_equal(epoll_wait(epoll, &(struct epoll_event){ 0 }, 1, 0), 0);
	return finish();
}
