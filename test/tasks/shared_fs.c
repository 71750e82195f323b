// SPDX-License-Identifier: GPL-2.0
/* Processes that share root, working directory and umask (CLONE_FS), alone and together with descriptors. */
#include "test.h"

#include <linux/kcmp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char top[PATH_MAX];

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

static void check_same(pid_t other, int kind)
{
	check(syscall(SYS_kcmp, getpid(), other, kind, 0, 0) == 0, "kind %d is not shared with %d", kind, other);
}

/* Follows its parent into a directory. */
static void follows(void)
{
	char cwd[PATH_MAX] = "";

	checkpoint();
	check_same(getppid(), KCMP_FS);
	meet();
	must((long)getcwd(cwd, sizeof(cwd)));
	check(strlen(cwd) > 6 && strcmp(cwd + strlen(cwd) - 6, "/inner") == 0, "cwd is %s", cwd);
	check_equal(umask(0123), 0031);
	meet();
}

static void everything(void)
{
	checkpoint();
	check_same(getppid(), KCMP_FS);
	check_same(getppid(), KCMP_FILES);
	meet();
	check_equal(access("../inner", F_OK), 0);
	meet();
}

/* A root of its own, shared with its own child, who sees the parent move inside it. */
static void jail(void)
{
	volatile int *moved = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	int status = -1;
	pid_t pid;

	must(chroot("."));
	must(chdir("/"));
	set_test_directory("/");
	pid = must(syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		while (!*moved)
			sleep_milliseconds(2);
		_exit(access("/inner", F_OK) == 0 && access("../inner", F_OK) == 0 && access("inner", F_OK) < 0 &&
				      access("/proc/self", F_OK) < 0 ? 0 : 1);
	}
	checkpoint();
	check_equal(chdir("/inner"), 0);
	*moved = 1;
	check_equal(waitpid(pid, &status, 0), pid);
	check_equal(status, 0);
	meet();
	meet();
}

int main(void)
{
	pid_t pids[3];

	must((long)getcwd(top, sizeof(top)));
	must(mkdir("inner", 0755));
	umask(0077);
	pids[0] = share(follows, CLONE_FS);
	pids[1] = share(everything, CLONE_FS | CLONE_FILES);
	pids[2] = participant(jail);

	checkpoint();

	check_equal(umask(0031), 0077);
	check_equal(chdir("inner"), 0);
	meet();
	meet();
	check_equal(umask(0), 0123);
	for (int i = 0; i < 3; i++)
		check_equal(waitpid(pids[i], NULL, 0), pids[i]);
	return finish();
}
