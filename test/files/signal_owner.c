// SPDX-License-Identifier: GPL-2.0
/* Who gets signals of a file: F_SETOWN of a process, a group and a thread, F_SETSIG, O_ASYNC, on pipes, FIFOs, sockets and
 * files; set by another user, who may not signal everybody. No signal comes of the restore itself. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

static volatile int came, last_fd, last_signal;
static volatile pid_t thread_id, signalled;
static volatile bool go_on;

static void handler(int signo, siginfo_t *info, void *unused)
{
	(void)unused;
	last_signal = signo;
	last_fd = info->si_fd;
	signalled = syscall(SYS_gettid);
	came++;
}

static void *thread(void *unused)
{
	thread_id = syscall(SYS_gettid);
	while (!go_on)
		sleep_milliseconds(2);
	return unused;
}

static void set(int fd, int type, pid_t pid, int signo)
{
	struct f_owner_ex owner = { type, pid };

	must(fcntl(fd, F_SETSIG, signo));
	must(fcntl(fd, F_SETOWN_EX, &owner));
	must(fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK));
}

static void check_owner(int fd, int type, pid_t pid, int signo)
{
	struct f_owner_ex owner = { -1, -1 };

	check_equal(fcntl(fd, F_GETOWN_EX, &owner), 0);
	check_equal(owner.type, type);
	check_equal(owner.pid, pid);
	check_equal(fcntl(fd, F_GETSIG), signo);
	check_equal(fcntl(fd, F_GETFL) & (O_ASYNC | O_NONBLOCK), O_ASYNC | O_NONBLOCK);
}

static void check_signal(int fd, int signo, pid_t receiver)
{
	int before = came - 1;

	wait_for(came > before);
	check_equal(last_signal, signo);
	check_equal(last_fd, fd);
	if (receiver)
		check_equal(signalled, receiver);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };
	int to_process[2], to_group[2], to_thread[2], by_user[2], fifo, queued[2];
	uid_t users[2] = { 0 };
	char text[16];
	pthread_t id;

	must(sigaction(SIGRTMIN, &action, NULL));
	must(sigaction(SIGRTMIN + 1, &action, NULL));
	must(sigaction(SIGIO, &action, NULL));
	must(pthread_create(&id, NULL, thread, NULL));
	wait_for(thread_id);
	must(pipe(to_process));
	must(pipe(to_group));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, to_thread));
	must(pipe(by_user));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, queued));
	must(mkfifo("fifo", 0600));
	fifo = must(open("fifo", O_RDWR));
	must(write(queued[1], "waits", 5));
	must(write(to_group[1], "waits", 5));
	set(to_process[0], F_OWNER_PID, getpid(), SIGRTMIN);
	set(to_group[0], F_OWNER_PGRP, getpgrp(), 0);
	set(to_thread[0], F_OWNER_TID, thread_id, SIGRTMIN + 1);
	set(fifo, F_OWNER_PID, getpid(), SIGRTMIN + 1);
	set(queued[0], F_OWNER_PID, getpid(), SIGRTMIN);
	must(syscall(SYS_setresuid, 1234, 1235, -1));
	set(by_user[0], F_OWNER_PID, getpid(), SIGRTMIN);
	must(syscall(SYS_setresuid, 0, 0, -1));

	checkpoint();

	check_equal(came, 0);
	check_owner(to_process[0], F_OWNER_PID, getpid(), SIGRTMIN);
	check_owner(to_group[0], F_OWNER_PGRP, getpgrp(), 0);
	check_owner(to_thread[0], F_OWNER_TID, thread_id, SIGRTMIN + 1);
	check_owner(fifo, F_OWNER_PID, getpid(), SIGRTMIN + 1);
	check_owner(queued[0], F_OWNER_PID, getpid(), SIGRTMIN);
	check_owner(by_user[0], F_OWNER_PID, getpid(), SIGRTMIN);
	check_equal(fcntl(by_user[0], F_GETOWNER_UIDS, users), 0);
	check_equal(users[0], 1234);
	check_equal(users[1], 1235);
	must(write(to_process[1], "x", 1));
	check_signal(to_process[0], SIGRTMIN, 0);
	must(write(to_thread[1], "x", 1));
	wait_for(came == 2);
	check_signal(to_thread[0], SIGRTMIN + 1, thread_id);
	must(write(fifo, "x", 1));
	wait_for(came == 3);
	check_signal(fifo, SIGRTMIN + 1, 0);
	must(write(to_group[1], "x", 1));
	wait_for(came == 4);
	check_equal(last_signal, SIGIO);
	must(write(by_user[1], "x", 1));
	sleep_milliseconds(20);
	check_equal(came, 4); /* that user may not signal root's process */
	check_equal(read(queued[0], text, 16), 5);
	check_equal(read(to_group[0], text, 16), 6);
	go_on = true;
	check_equal(pthread_join(id, NULL), 0);
	return finish();
}
