// SPDX-License-Identifier: GPL-2.0
/* A descriptor for signals: its mask, and a signal that waits to be read. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int main(void)
{
	struct signalfd_siginfo info;
	sigset_t set, all;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 1);
	all = set;
	sigaddset(&all, SIGUSR2);
	must(sigprocmask(SIG_BLOCK, &all, NULL));
	fd = must(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
	must(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 321 }));

	checkpoint();

	check_equal(read(fd, &info, sizeof(info)), sizeof(info));
	check_equal(info.ssi_signo, SIGRTMIN + 1);
	check_equal(info.ssi_int, 321);
	check(read(fd, &info, sizeof(info)) < 0 && errno == EAGAIN);
	must(kill(getpid(), SIGUSR2)); /* not in the mask */
	check(read(fd, &info, sizeof(info)) < 0 && errno == EAGAIN);
	must(kill(getpid(), SIGUSR1));
	check(read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGUSR1);
	return finish();
}
