// SPDX-License-Identifier: GPL-2.0
/* Releasing: after a good dump the tree is killed, stays stopped, or runs on. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "model/context.h"
#include "dump/stages.h"
#include "remote/release.h"
#include "support/log.h"
#include "support/options.h"
#include "support/urgency.h"

static void await_end(pid_t tid)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(tid, &status, __WALL);

		if (pid < 0 ? errno != EINTR : WIFEXITED(status) || WIFSIGNALED(status))
			return;
	}
}

/* Ends every process and takes its end, so that the numbers are free when we return. */
static void kill_tree(struct dump *dump)
{
	struct snapshot *snapshot = dump->snapshot;
	struct urgency before;

	urgency_begin(&before); /* if we were killed amid this, part of the tree would run on */
	for (size_t i = 0; i < snapshot->task_count; i++)
		if (snapshot->tasks[i]->state != TASK_DEAD)
			kill(snapshot->tasks[i]->host_pid, SIGKILL);
	urgency_end(&before);
	for (size_t i = snapshot->task_count; i-- > 0;) {
		struct task *task = snapshot->tasks[i];

		/* Threads first: the leader's end is told when all others are gone. */
		for (size_t j = task->thread_count; j-- > 0 && task->state != TASK_DEAD;) {
			await_end(task->threads[j].host_tid);
		}
	}
}

static bool is_alive(const struct task *task, const void *unused)
{
	return task->state == TASK_ALIVE;
}

/* In a cgroup that was frozen before it does not run yet. */
static struct error *let_run(struct dump *dump)
{
	if (dump->frozen_before) {
		TRY(prepare_threads(dump->snapshot));
		refreeze(dump);
	}
	return release_threads(dump->snapshot, NULL, NULL);
}

struct error *release_tree(struct dump *dump)
{
	const struct options *options = dump->criu->options;

	/* What fails on the way is tried again by the undo stack. */
	if (options->leave_stopped)
		TRY(release_threads(dump->snapshot, is_alive, NULL));
	else if (options->leave_running)
		TRY(let_run(dump));
	else
		kill_tree(dump);
	refreeze(dump);
	undo_forget(&dump->undo, thaw_tree, dump);
	return NULL;
}
