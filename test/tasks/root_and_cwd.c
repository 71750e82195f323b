// SPDX-License-Identifier: GPL-2.0
/* Root directory, working directory and umask, other ones in each process. */
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[PATH_MAX];

static void check_cwd(const char *wanted)
{
	char now[PATH_MAX] = "";

	check(getcwd(now, sizeof(now)) && strcmp(now, wanted) == 0, "cwd is %s, not %s", now, wanted);
}

/* Below a root of its own, in a directory of it. */
static void jailed(void)
{
	must(chroot("."));
	set_test_directory("/");
	must(chdir("/inner"));
	umask(0127);
	checkpoint();
	check_cwd("/inner");
	check(access("/inner/file", F_OK) == 0);
	check(access("/proc/self", F_OK) < 0, "the root is the old one");
	check_equal(umask(0), 0127);
}

static void elsewhere(void)
{
	char wanted[PATH_MAX + 16];

	snprintf(wanted, sizeof(wanted), "%s/inner/deep", top);
	must(chdir("inner/deep"));
	umask(0);
	checkpoint();
	check_cwd(wanted);
	check(access("../file", F_OK) == 0);
	check_equal(umask(0), 0);
}

int main(void)
{
	must((long)getcwd(top, sizeof(top)));
	must(mkdir("inner", 0755));
	must(mkdir("inner/deep", 0755));
	must(close(must(open("inner/file", O_CREAT | O_WRONLY, 0644))));
	umask(0);
	participant(jailed);
	participant(elsewhere);
	umask(0077);
	checkpoint();
	check_cwd(top);
	check_equal(umask(0), 0077);
	return finish();
}
