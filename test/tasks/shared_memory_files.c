// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
/* What else names a process that shares its parent's memory: pidfds, owners of files, sockets that it made, locks, a group. */
#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int ready, told, go_on, ended;
static int made[2], ends[2], own_ends[2], lock;

static void handler(int signo)
{
	told++;
}

/* Has descriptors of its own, and those that it had before. */
static int child(void *unused)
{
	struct flock whole = { .l_type = F_WRLCK };

	syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, made);
	syscall(SYS_pipe2, own_ends, 0);
	syscall(SYS_fcntl, lock, F_SETLK, &whole);
	syscall(SYS_setpgid, 0, 0);
	syscall(SYS_fcntl, own_ends[0], F_SETOWN, syscall(SYS_getpid));
	syscall(SYS_fcntl, own_ends[0], F_SETFL, O_ASYNC);
	ready = 1;
	while (!go_on)
		syscall(SYS_nanosleep, &(struct { long s, n; }){ 0, 2000000 }, NULL);
	syscall(SYS_write, own_ends[1], "x", 1);
	syscall(SYS_write, made[1], "y", 1);
	ended = 1;
	syscall(SYS_exit_group, told ? 0 : 1);
	return 0;
}

int main(void)
{
	char *stack = must(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)), byte = 0;
	struct flock whole = { .l_type = F_WRLCK };
	struct ucred maker = { 0 };
	socklen_t length = sizeof(maker);
	int pidfd, socket, status = -1;
	siginfo_t info = { 0 };
	pid_t pid;

	signal(SIGIO, handler);
	must(pipe(ends));
	lock = must(open("lock", O_RDWR | O_CREAT, 0600));
	pid = must(clone(child, stack + 65536, CLONE_VM | SIGCHLD, NULL));
	wait_for(ready);
	pidfd = must(syscall(SYS_pidfd_open, pid, 0));
	socket = must(syscall(SYS_pidfd_getfd, pidfd, made[0], 0));
	must(fcntl(ends[0], F_SETOWN, pid));
	must(fcntl(ends[1], F_SETOWN, -pid));

	checkpoint();

	check_equal(fcntl(ends[0], F_GETOWN), pid);
	check_equal(fcntl(ends[1], F_GETOWN), -pid);
	must(getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &maker, &length));
	check_equal(maker.pid, pid);
	must(fcntl(lock, F_GETLK, &whole));
	check_equal(whole.l_type == F_WRLCK ? whole.l_pid : 0, pid);
	check_equal(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0), 0);
	check_equal(told, 0);
	go_on = 1;
	check_equal(waitid(P_PIDFD, pidfd, &info, WEXITED | WNOWAIT), 0);
	check_equal(info.si_pid, pid);
	check_equal(waitpid(pid, &status, 0), pid);
	check(status == 0 && ended && told == 1, "status 0x%x, told %d times", status, told);
	check_equal(read(socket, &byte, 1), 1);
	check_equal(byte, 'y');
	return finish();
}
