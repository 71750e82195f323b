// SPDX-License-Identifier: GPL-2.0
// link: -lpthread
/* Descriptors of threads: of an own one, at two numbers, and one of another process. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OF_THREAD = O_EXCL /* PIDFD_THREAD */ };

static volatile pid_t number, *shared;
static pthread_t id;

static void *thread(void *where)
{
	*(volatile pid_t *)where = gettid();
	pause();
	return NULL;
}

static void nothing(int signo)
{
}

static void start(volatile pid_t *where)
{
	struct sigaction action = { .sa_handler = nothing };

	must(sigaction(SIGUSR1, &action, NULL));
	must(pthread_create(&id, NULL, thread, (void *)where));
	wait_for(*where);
}

static bool has_ended(int fd, int milliseconds)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, milliseconds) == 1;
}

static void other(void)
{
	start(shared);
	checkpoint();
	pthread_join(id, NULL);
}

static int open_thread(pid_t tid, unsigned flags)
{
	int fd = syscall(SYS_pidfd_open, tid, OF_THREAD | flags);

	if (fd < 0)
		skip("this kernel has no descriptors of threads");
	return fd;
}

int main(void)
{
	int own, again, far, leader;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	participant(other);
	wait_for(*shared);
	start(&number);
	own = open_thread(number, O_NONBLOCK);
	again = must(fcntl(own, F_DUPFD, 20));
	far = open_thread(*shared, 0);
	leader = open_thread(getpid(), 0);

	checkpoint();

	check_equal(fcntl(own, F_GETFD), FD_CLOEXEC);
	check_equal(fcntl(again, F_GETFD), 0);
	check(fcntl(own, F_GETFL) & O_NONBLOCK);
	check(fcntl(own, F_GETFL) & OF_THREAD);
	check(!has_ended(own, 0) && !has_ended(far, 0) && !has_ended(leader, 0));
	check_equal(syscall(SYS_pidfd_send_signal, own, SIGUSR1, NULL, 0), 0);
	check(has_ended(own, 5000) && has_ended(again, 0), "the thread's end is not told");
	check_equal(syscall(SYS_pidfd_send_signal, far, SIGUSR1, NULL, 0), 0);
	check(has_ended(far, 5000), "the end of the other's thread is not told");
	check(syscall(SYS_pidfd_send_signal, own, 0, NULL, 0) < 0 && errno == ESRCH);
	return finish();
}
