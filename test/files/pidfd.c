// SPDX-License-Identifier: GPL-2.0
/* Descriptors of processes: of self, a child, a zombie, and of processes that are gone; alive ones signal, all tell
 * of the end. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct info { /* linux/pidfd.h */
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};
#define GET_INFO _IOWR(0xFF, 11, struct info)
enum { INFO_EXIT = 1 << 3 };

static int has_info;

static void child(void)
{
	checkpoint();
	pause();
}

static int open_process(pid_t pid, unsigned flags)
{
	return must(syscall(SYS_pidfd_open, pid, flags));
}

static long send_signal(int fd, int signo)
{
	return syscall(SYS_pidfd_send_signal, fd, signo, NULL, 0);
}

static bool has_ended(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

/* Ends by a signal if the status is negative. */
static pid_t short_lived(int status)
{
	pid_t pid = must(fork());

	if (pid)
		return pid;
	if (status < 0)
		raise(-status);
	_exit(status);
}

static void check_gone(int fd, int status)
{
	struct info info = { .mask = INFO_EXIT };

	check(has_ended(fd) && send_signal(fd, 0) < 0 && errno == ESRCH, "it is not gone");
	if (has_info)
		check(ioctl(fd, GET_INFO, &info) == 0 && info.exit_code == status, "it ended with 0x%x", info.exit_code);
}

int main(void)
{
	pid_t zombie_pid = short_lived(3), exited_pid = short_lived(7), killed_pid = short_lived(-SIGTERM), child_pid;
	int self = open_process(getpid(), 0), alive, zombie = open_process(zombie_pid, 0), exited, exited_too, killed;
	struct info info = { .mask = INFO_EXIT };
	siginfo_t end;

	exited = open_process(exited_pid, O_NONBLOCK);
	exited_too = open_process(exited_pid, 0);
	killed = open_process(killed_pid, 0);
	must(waitpid(exited_pid, NULL, 0));
	must(waitpid(killed_pid, NULL, 0));
	must(waitid(P_PID, zombie_pid, &end, WEXITED | WNOWAIT));
	has_info = ioctl(exited, GET_INFO, &info) == 0 && (info.mask & INFO_EXIT);
	child_pid = fork();
	if (child_pid == 0) {
		become_participant();
		child();
	}
	add_participant(child_pid);
	alive = open_process(child_pid, 0);
	must(fcntl(self, F_SETFD, 0));

	checkpoint();

	check_equal(fcntl(self, F_GETFD), 0);
	check_equal(fcntl(alive, F_GETFD), FD_CLOEXEC);
	check(fcntl(exited, F_GETFL) & O_NONBLOCK);
	check(send_signal(self, 0) == 0 && !has_ended(self));
	check(send_signal(alive, 0) == 0 && !has_ended(alive));
	check(has_ended(zombie) && waitid(P_PIDFD, zombie, &end, WEXITED) == 0 && end.si_status == 3, "status %d", end.si_status);
	check_gone(exited, 7 << 8);
	check_gone(exited_too, 7 << 8);
	check_gone(killed, SIGTERM);
	check_equal(send_signal(alive, SIGKILL), 0);
	check(waitid(P_PIDFD, alive, &end, WEXITED) == 0 && end.si_code == CLD_KILLED);
	check(has_ended(alive));
	return finish();
}
