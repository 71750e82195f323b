// SPDX-License-Identifier: GPL-2.0
/* Processes that share one descriptor table (CLONE_FILES): what one opens or closes, the others see. A chain of
 * three, a sibling with a copy, and another pair. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2], high;

static pid_t share(void (*body)(void), int flags)
{
	pid_t pid = must(syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0));

	if (pid == 0) {
		become_participant();
		body();
		_exit(0);
	}
	add_participant(pid);
	return pid;
}

static void check_same_table(pid_t other, int wanted)
{
	check((syscall(SYS_kcmp, getpid(), other, KCMP_FILES, 0, 0) == 0) == wanted, "process %d: %s", other,
	      wanted ? "a table of its own" : "the same table");
}

static void wait_for_byte(int byte)
{
	char got = 0;

	check_equal(read(ends[0], &got, 1), 1);
	check_equal(got, byte);
}

static void innermost(void)
{
	checkpoint();
	check_same_table(getppid(), true);
	wait_for_byte('1');
	/* One that the root opens only now. */
	check_equal(fcntl(high + 1, F_GETFD), 0);
	check_equal(close(high + 1), 0);
	check_equal(write(high, "closed", 6), 6);
}

static void middle(void)
{
	pid_t child = share(innermost, CLONE_FILES);

	checkpoint();
	check_same_table(getppid(), true);
	check_equal(waitpid(child, NULL, 0), child);
}

static void copy(void)
{
	checkpoint();
	check_same_table(getppid(), false);
	check_equal(fcntl(high, F_GETFD), FD_CLOEXEC);
}

static void second(void)
{
	checkpoint();
	check_same_table(getppid(), true);
}

/* A table of its own, shared with its child, while it has the parent's directories. */
static void first(void)
{
	must(close(high));
	share(second, CLONE_FILES);
	checkpoint();
	check_same_table(getppid(), false);
	check(fcntl(high, F_GETFD) < 0 && errno == EBADF);
	check_equal(waitpid(-1, NULL, 0) > 0, 1);
}

int main(void)
{
	char text[16] = "";
	pid_t child;

	must(pipe(ends));
	high = must(fcntl(must(open("file", O_RDWR | O_CREAT, 0600)), F_DUPFD_CLOEXEC, 200));
	child = share(middle, CLONE_FILES);
	participant(copy);
	participant(first);

	checkpoint();

	check_same_table(child, true);
	check_equal(dup2(high, high + 1), high + 1);
	check_equal(write(ends[1], "1", 1), 1);
	check_equal(waitpid(child, NULL, 0), child);
	check(fcntl(high + 1, F_GETFD) < 0 && errno == EBADF, "the other's close is not seen");
	check_equal(pread(high, text, 16, 0), 6);
	check(strcmp(text, "closed") == 0);
	return finish();
}
