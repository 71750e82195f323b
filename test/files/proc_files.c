// SPDX-License-Identifier: GPL-2.0
/* Files of /proc: of the process itself, of another one of the tree, of one outside, of none; read half way; a
 * directory of processes; memory that is written through it. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int variable = 1;

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return must(open(path, flags));
}

static void child(void)
{
	int of_parent = open_of(getppid(), "status", O_RDONLY);
	char text[4096] = "", wanted[32];

	checkpoint();
	check(read(of_parent, text, sizeof(text) - 1) > 0);
	snprintf(wanted, sizeof(wanted), "Pid:\t%d\n", getppid());
	check(strstr(text, wanted) != NULL);
	meet();
}

int main(void)
{
	int status, memory, maps, of_child, of_init, settings, directory, in_directory, tasks, file;
	char text[8192] = "", first[16] = "", rest[8192] = "", init[256] = "", again[256] = "", wanted[32];
	pid_t pid = participant(child);
	ssize_t length;

	status = must(open("/proc/self/status", O_RDONLY));
	must(read(status, first, 8));
	maps = must(open("/proc/thread-self/maps", O_RDONLY));
	must(read(maps, text, 30));
	memory = must(open("/proc/self/mem", O_RDWR));
	of_child = open_of(pid, "status", O_RDONLY);
	of_init = open_of(1, "stat", O_RDONLY);
	must(pread(of_init, init, 4, 0));
	settings = must(open("/proc/sys/kernel/ostype", O_RDONLY));
	directory = open_of(pid, "", O_RDONLY | O_DIRECTORY);
	in_directory = open_of(pid, "fd", O_RDONLY | O_DIRECTORY);
	tasks = must(open("/proc/self/task", O_PATH));

	checkpoint();

	check_equal(lseek(status, 0, SEEK_CUR), 8);
	length = read(status, text, sizeof(text) - 1);
	check(length > 0);
	file = must(open("/proc/self/status", O_RDONLY));
	must(pread(file, rest, sizeof(rest) - 1, 8));
	check(strncmp(text, rest, 20) == 0, "it does not go on where it was"); /* then comes its state */
	check_equal(lseek(maps, 0, SEEK_CUR), 30);
	variable = 1;
	length = 7;
	check_equal(pwrite(memory, &length, sizeof(variable), (off_t)&variable), sizeof(variable));
	check_equal(variable, 7);
	memset(text, 0, sizeof(text));
	check(read(of_child, text, sizeof(text) - 1) > 0);
	snprintf(wanted, sizeof(wanted), "Pid:\t%d\n", pid);
	check(strstr(text, wanted) != NULL);
	check_equal(pread(of_init, again, 4, 0), 4);
	check(strcmp(init, again) == 0);
	check_equal(read(settings, text, 5), 5);
	check(memcmp(text, "Linux", 5) == 0);
	check_equal(faccessat(directory, "status", R_OK, 0), 0);
	check_equal(faccessat(in_directory, "1", F_OK, AT_SYMLINK_NOFOLLOW), 0);
	snprintf(wanted, sizeof(wanted), "%d", getpid());
	check_equal(faccessat(tasks, wanted, F_OK, 0), 0);
	meet();
	return finish();
}
