// SPDX-License-Identifier: GPL-2.0
#include "support/supervisor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
enum { PASSED_COUNT = sizeof(passed_on) / sizeof(passed_on[0]) };

static struct {
	pid_t supervisor, group; /* in a worker */
	pid_t worker;		 /* in a supervisor */
} process;

pid_t supervisor_pid(void)
{
	return process.supervisor;
}

bool supervisor_has_ended(void)
{
	return process.supervisor && getppid() != process.supervisor;
}

pid_t supervisor_group(void)
{
	return process.supervisor ? process.group : getpgrp();
}

static void pass_on(int signal)
{
	if (process.worker)
		kill(process.worker, signal == SIGQUIT ? SIGTERM : signal);
}

static bool is_passed_on(int signal)
{
	for (size_t i = 0; i < PASSED_COUNT; i++)
		if (passed_on[i] == signal)
			return true;
	return false;
}

static void supervise(pid_t worker) __attribute__((noreturn));
static void supervise(pid_t worker)
{
	int status;

	close_range(STDERR_FILENO + 1, ~0U, 0);
	while (waitpid(worker, &status, 0) < 0)
		if (errno != EINTR)
			_exit(EXIT_FAILURE);
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	if (is_passed_on(WTERMSIG(status)))
		fprintf(stderr, "criu: the run was ended by SIG%s\n  hint: Nothing was begun; start it again.\n",
			sigabbrev_np(WTERMSIG(status)));
	else
		fprintf(stderr, "criu: the process that did the work was killed by signal %d\n", WTERMSIG(status));
	_exit(EXIT_FAILURE);
}

/* As a background job of the terminal it may write there, and is not stopped for reading. */
static void work(pid_t supervisor, const char *name)
{
	sigset_t heard;

	process.group = getpgrp();
	process.supervisor = supervisor;
	prctl(PR_SET_PDEATHSIG, SUPERVISOR_ENDED);
	prctl(PR_SET_NAME, name);
	setpgid(0, 0);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	sigemptyset(&heard);
	sigaddset(&heard, SUPERVISOR_ENDED);
	sigprocmask(SIG_UNBLOCK, &heard, NULL);
}

static bool signal_is_heard(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) || action.sa_handler != SIG_IGN;
}

/* Nothing is lost by dying before cancel_arm(): nothing has been begun. */
struct error *supervisor_start(const char *name)
{
	const struct sigaction action = { .sa_handler = pass_on, .sa_flags = SA_RESTART };
	pid_t self = getpid(), worker;
	sigset_t held, mask;

	sigemptyset(&held);
	for (size_t i = 0; i < PASSED_COUNT; i++)
		sigaddset(&held, passed_on[i]);
	sigprocmask(SIG_BLOCK, &held, &mask);
	worker = fork();
	if (worker > 0) {
		process.worker = worker;
		for (size_t i = 0; i < PASSED_COUNT; i++)
			if (signal_is_heard(passed_on[i]))
				sigaction(passed_on[i], &action, NULL);
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (worker > 0)
		supervise(worker);
	if (worker == 0)
		work(self, name);
	return worker < 0 ? fail_errno("could not fork the process that does the work") : NULL;
}
