// SPDX-License-Identifier: GPL-2.0
#include "hooks/script.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cancel.h"
#include "support/log.h"

enum { NOT_EXECUTED = 127 };

struct script {
	struct hooks *hooks;
	const char *path;
	int images_fd;
};

static void execute(const struct script *script, enum hook hook, pid_t root)
{
	char directory[64], pid[16];

	snprintf(directory, sizeof(directory), "/proc/%d/fd/%d", getppid(), script->images_fd);
	snprintf(pid, sizeof(pid), "%d", root);
	setenv("CRTOOLS_SCRIPT_ACTION", hook_name(hook), 1);
	setenv("CRTOOLS_IMAGE_DIR", directory, 1);
	if (root)
		setenv("CRTOOLS_INIT_PID", pid, 1);
	else
		unsetenv("CRTOOLS_INIT_PID");
	signal(SIGXFSZ, SIG_DFL); /* a dump ignores it */
	execl(script->path, script->path, (char *)NULL);
	_exit(NOT_EXECUTED);
}

/* Waits for its end; a script whose run is given up is ended. */
static struct error *wait_for(pid_t pid, int *status)
{
	struct error *error = NULL;

	while (waitpid(pid, status, 0) < 0 && errno == EINTR) {
		if (!error)
			error = cancel_check();
		if (error)
			kill(pid, SIGKILL);
	}
	return error;
}

static struct error *run(void *argument, enum hook hook, pid_t root)
{
	const struct script *script = argument;
	struct error *error = NULL;
	sigset_t child, before;
	int status;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		execute(script, hook, root);
	}
	if (pid > 0)
		error = wait_for(pid, &status);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (error)
		return error;
	if (pid < 0)
		return fail_errno("could not run the action script %s", script->path);
	if (!WIFEXITED(status)) {
		hooks_note_status(script->hooks, 1);
		return fail("the action script %s was ended by signal %d", script->path, WTERMSIG(status));
	}
	hooks_note_status(script->hooks, WEXITSTATUS(status));
	if (WEXITSTATUS(status) == NOT_EXECUTED)
		return with_hint(fail("the action script %s could not be run", script->path),
				 "It must exist and be executable.");
	return WEXITSTATUS(status) ? fail("the action script %s failed with status %d", script->path,
					  WEXITSTATUS(status)) : NULL;
}

struct error *script_subscribe(struct hooks *hooks, const char *path, int images_fd)
{
	struct script *script = calloc(1, sizeof(*script));

	if (!script)
		return out_of_memory();
	*script = (struct script){ hooks, path, images_fd };
	return hooks_subscribe(hooks, run, script);
}
