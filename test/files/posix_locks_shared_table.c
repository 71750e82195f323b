// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
// differs: lock: 1: POSIX
/* POSIX locks belong to a descriptor table: two processes that share one (CLONE_FILES) have the same locks, whoever took
 * them; of one that was taken by a process that has ended, too. The first of them becomes the taker. */
#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int by_child, by_ended, mine;

static int lock(int fd)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 8 };

	return fcntl(fd, F_SETLK, &range);
}

static pid_t share(void)
{
	return must(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0));
}

/* Another process, with a copy of the table. */
static void check_locked(int fd, const char *what)
{
	pid_t pid = must(fork());
	int status = -1;

	if (pid == 0) {
		struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

		_exit(fcntl(fd, F_GETLK, &range) == 0 && range.l_type == F_WRLCK && range.l_len == 8 ? 0 : 1);
	}
	must(waitpid(pid, &status, 0));
	check(status == 0, "%s: no lock", what);
}

static void child(void)
{
	must(lock(by_child));
	meet();
	checkpoint();
	check_locked(by_child, "own");
	check_locked(mine, "parent's");
	check_equal(lock(mine), 0);
	meet();
}

int main(void)
{
	pid_t ended, pid;

	by_child = must(open("by-child", O_RDWR | O_CREAT, 0600));
	by_ended = must(open("by-ended", O_RDWR | O_CREAT, 0600));
	mine = must(open("mine", O_RDWR | O_CREAT, 0600));
	must(lock(mine));
	ended = share();
	if (ended == 0)
		_exit(lock(by_ended) ? 1 : 0);
	must(waitpid(ended, NULL, 0));
	check_locked(by_ended, "before");
	pid = share();
	if (pid == 0) {
		become_participant();
		child();
		_exit(0);
	}
	add_participant(pid);
	meet();

	checkpoint();

	check_locked(by_child, "child's");
	check_locked(by_ended, "that of the one that has ended");
	check_equal(lock(by_child), 0);
	meet();
	check_equal(waitpid(pid, NULL, 0), pid);
	return finish();
}
