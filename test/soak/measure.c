// SPDX-License-Identifier: GPL-2.0
/* measure FILE COMMAND...: runs a command and appends to the file: its largest resident memory in KiB, the most descriptors it was
 * seen with, its milliseconds. Ends as the command did. A program of its own, since the kernel counts what was resident before exec. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Of the process, or of the child of it that has most: a dump works in one. */
static int descriptors(pid_t pid, int levels)
{
	char path[64];
	int count = 0, child;
	FILE *children;
	DIR *list;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	list = opendir(path);
	while (list && readdir(list))
		count++;
	if (list)
		closedir(list);
	count -= 2;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	children = levels ? fopen(path, "r") : NULL;
	while (children && fscanf(children, "%d", &child) == 1) {
		int more = descriptors(child, levels - 1);

		count = more > count ? more : count;
	}
	if (children)
		fclose(children);
	return count;
}

int main(int argc, char **argv)
{
	int status, most = 0, now;
	struct timespec begin, end;
	struct rusage usage;
	FILE *file;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	pid = fork();
	if (pid == 0) {
		execv(argv[2], argv + 2);
		_exit(127);
	}
	while (!wait4(pid, &status, WNOHANG, &usage)) {
		now = descriptors(pid, 1);
		most = now > most ? now : most;
		usleep(1000);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	file = fopen(argv[1], "a");
	if (!file)
		return 127;
	fprintf(file, "%s %ld %d %ld\n", argv[3], usage.ru_maxrss, most,
		(end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000);
	fclose(file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
