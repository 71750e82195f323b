// SPDX-License-Identifier: GPL-2.0
/* The progress line: on a terminal that is ours, after a while; in no other case. */
#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/progress.h"
#include "tap.h"

enum { PAGES = 1000, STEP = 100, STEP_US = 80000 };

/* Work of 0.8 seconds; foreground: the terminal is this process's own. */
static void work(int standard_error, int verbosity, bool foreground)
{
	struct progress progress = { 0 };

	if (foreground && (setsid() < 0 || ioctl(standard_error, TIOCSCTTY, 0)))
		_exit(2);
	setenv("TERM", "xterm", 1);
	dup2(standard_error, STDERR_FILENO);
	progress_begin(&progress, "saved", verbosity);
	progress_expect(&progress, PAGES);
	for (int done = 0; done < PAGES; done += STEP) {
		usleep(STEP_US);
		progress_add(&progress, STEP);
	}
	progress_end(&progress);
	_exit(0);
}

static void run(int verbosity, bool terminal, bool foreground, char text[4096])
{
	int ends[2], status;
	ssize_t length = 0, n;
	pid_t child;

	if (terminal ? openpty(&ends[0], &ends[1], NULL, NULL, NULL) : pipe(ends))
		abort();
	child = fork();
	if (child == 0)
		work(ends[1], verbosity, foreground);
	waitpid(child, &status, 0);
	check(WIFEXITED(status) && !WEXITSTATUS(status), "the work is done");
	close(terminal ? -1 : ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	while ((n = read(ends[0], text + length, 4095 - length)) > 0)
		length += n;
	text[length] = '\0';
	close(ends[0]);
}

int main(void)
{
	char text[4096];

	run(2, true, true, text);
	check(strstr(text, " of 1000 pages saved, ") != NULL, "the line tells pages");
	check(strstr(text, "MiB/s\033[K") != NULL, "and the rate");
	check(strstr(text, "\r100 of") == NULL, "but not at once");
	check(strlen(text) > 4 && !strcmp(text + strlen(text) - 4, "\r\033[K"), "at last it is wiped");
	run(0, true, true, text);
	check(!*text, "nothing with verbosity 0");
	run(2, true, false, text);
	check(!*text, "nothing on a terminal that is not ours");
	run(2, false, false, text);
	check(!*text, "nothing into a pipe");
	return tap_end();
}
