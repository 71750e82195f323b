// SPDX-License-Identifier: GPL-2.0
// differs: fd \d+: .*time:\[
/* Open files of namespaces: of each kind that the process is in, one shared, one bind-mounted. */
#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define GET_TYPE _IO(0xb7, 3) /* ioctl_nsfs(2) */

static const struct {
	const char *name;
	int type;
} all[] = { { "net", CLONE_NEWNET }, { "mnt", CLONE_NEWNS },   { "pid", CLONE_NEWPID },	      { "uts", CLONE_NEWUTS },
	    { "ipc", CLONE_NEWIPC }, { "user", CLONE_NEWUSER }, { "cgroup", CLONE_NEWCGROUP }, { "time", 0x80 } };
enum { COUNT = sizeof(all) / sizeof(all[0]) };

static void check_same(int fd, const char *name)
{
	struct stat opened, own;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	must(fstat(fd, &opened));
	must(stat(path, &own));
	check(opened.st_ino == own.st_ino && opened.st_dev == own.st_dev, "it is another %s namespace", name);
}

int main(void)
{
	int fds[COUNT], again;
	char path[64];

	for (int i = 0; i < COUNT; i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", all[i].name);
		fds[i] = must(open(path, O_RDONLY | O_CLOEXEC));
	}
	again = must(dup(fds[0]));

	checkpoint();

	for (int i = 0; i < COUNT; i++) {
		check_same(fds[i], all[i].name);
		check_equal(ioctl(fds[i], GET_TYPE), all[i].type);
	}
	check_same(again, "net");
	check_equal(setns(fds[0], CLONE_NEWNET), 0);
	return finish();
}
