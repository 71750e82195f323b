// SPDX-License-Identifier: GPL-2.0
/* Threads with root, working directory and umask of their own: another directory, another root, a deleted directory; one
 * whose process is in a root of its own while it is not. */
#include "test.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile int ready, go_on;
static char top[PATH_MAX];

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && !strcmp(text + length - wanted, end);
}

static void wait_here(void)
{
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!go_on)
		sleep_milliseconds(2);
}

static void *elsewhere(void *unused)
{
	char cwd[PATH_MAX] = "";

	must(unshare(CLONE_FS));
	must(chdir("inner"));
	umask(0123);
	wait_here();
	check(getcwd(cwd, sizeof(cwd)) && ends_with(cwd, "/inner"), "cwd is %s", cwd);
	check_equal(umask(0), 0123);
	check_equal(chdir(".."), 0);
	return unused;
}

static void *jailed(void *unused)
{
	char cwd[PATH_MAX] = "";

	must(unshare(CLONE_FS));
	must(chroot("inner"));
	must(chdir("/deep"));
	wait_here();
	check(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/deep"), "cwd is %s", cwd);
	check(access("/deep", F_OK) == 0 && access("/proc", F_OK) < 0);
	return unused;
}

static void *nowhere(void *unused)
{
	char cwd[PATH_MAX];

	must(unshare(CLONE_FS));
	must(chdir("gone"));
	must(rmdir("../gone"));
	wait_here();
	check(getcwd(cwd, sizeof(cwd)) == NULL && errno == ENOENT);
	return unused;
}

static void *outside(void *unused)
{
	char cwd[PATH_MAX] = "";

	must(unshare(CLONE_FS));
	wait_here();
	check(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, top), "cwd is %s", cwd);
	check(access("/proc/self", F_OK) == 0, "it is in its process's root");
	return unused;
}

/* The process itself moves when its thread has left. */
static void in_jail(void)
{
	pthread_t id;

	ready = 0;
	must(pthread_create(&id, NULL, outside, NULL));
	wait_for(ready == 1);
	must(chroot("."));
	must(chdir("/inner"));
	set_test_directory("/");
	checkpoint();
	check(access("/inner/deep", F_OK) == 0 && access("/proc/self", F_OK) < 0);
	go_on = 1;
	check_equal(pthread_join(id, NULL), 0);
}

int main(void)
{
	char cwd[PATH_MAX] = "";
	pthread_t ids[3];

	must((long)getcwd(top, sizeof(top)));
	must(mkdir("inner", 0755));
	must(mkdir("inner/deep", 0755));
	must(mkdir("gone", 0755));
	participant(in_jail);
	must(pthread_create(&ids[0], NULL, elsewhere, NULL));
	must(pthread_create(&ids[1], NULL, jailed, NULL));
	must(pthread_create(&ids[2], NULL, nowhere, NULL));
	wait_for(ready == 3);

	checkpoint();

	go_on = 1;
	for (int i = 0; i < 3; i++)
		check_equal(pthread_join(ids[i], NULL), 0);
	check(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, top), "cwd is %s", cwd);
	return finish();
}
