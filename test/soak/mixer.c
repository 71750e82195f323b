// SPDX-License-Identifier: GPL-2.0
/* mixer DIRECTORY PROGRAM...: the root of a random tree: each program runs in its directory, in a session of its own. Their
 * statuses go to the file "ended" in the current directory. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(const char *directory, const char *program)
{
	pid_t pid = fork();
	int out;

	if (pid)
		return pid;
	setsid();
	out = chdir(directory) ? -1 : open("../output", O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (out < 0)
		_exit(126);
	dup2(out, 1);
	dup2(out, 2);
	close(out);
	execl(program, program, (char *)NULL);
	_exit(127);
}

int main(int argc, char **argv)
{
	pid_t *pids = calloc(argc, sizeof(*pids)), pid;
	int status;

	for (int i = 1; i + 1 < argc; i += 2)
		pids[i / 2] = start(argv[i], argv[i + 1]);
	while ((pid = wait(&status)) > 0) {
		FILE *file = fopen("ended", "a");

		for (int i = 0; file && i < argc / 2; i++)
			if (pids[i] == pid)
				fprintf(file, "%d %d\n", i, status);
		if (file)
			fclose(file);
	}
	return 0;
}
