// SPDX-License-Identifier: GPL-2.0
// refused: an epoll watches it
// link: -lpthread
/* A descriptor of a thread that an epoll watches. */
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile pid_t number;

static void *thread(void *unused)
{
	number = gettid();
	pause();
	return NULL;
}

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = must(epoll_create1(0)), fd;
	pthread_t id;

	must(pthread_create(&id, NULL, thread, NULL));
	wait_for(number);
	fd = syscall(SYS_pidfd_open, number, O_EXCL /* PIDFD_THREAD */);
	if (fd < 0)
		skip("this kernel has no descriptors of threads");
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	checkpoint();
	check_equal(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL), 0);
	return finish();
}
