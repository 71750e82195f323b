// SPDX-License-Identifier: GPL-2.0
/*
 * Verdicts that need the whole tree in view: a session or group whose leader lives outside
 * of the tree can only be given back by the caller's shell (--shell-job).
 */
#include "model/context.h"
#include "model/verdict.h"
#include "dump/stages.h"
#include "support/options.h"

static struct error *check_outside(struct dump *dump, struct task *task, pid_t leader, const char *what)
{
	struct task *root = snapshot_root(dump->snapshot);

	if (snapshot_task(dump->snapshot, leader))
		return NULL;
	/* A leader that ended inside the tree: its number is kept by restore. One that is
	 * outside is the root's own session or group too. */
	if (leader != root->sid && leader != root->pgid)
		return NULL;
	if (leader && dump->criu->options->shell_job)
		return NULL;
	return with_hint(
	    fail("cannot save process %d: its %s %d has its leader outside of the tree", task->pid, what, leader),
	    "Use --shell-job for a program that was started from a shell, or start it with setsid.");
}

struct error *order_snapshot(struct dump *dump)
{
	struct snapshot *snapshot = dump->snapshot;

	for (size_t i = 0; i < snapshot->task_count; i++) {
		size_t mark = verdict_mark(dump);
		struct error *error = check_outside(dump, snapshot->tasks[i], snapshot->tasks[i]->sid, "session");

		TRY(verdict(dump, mark, error, NULL));
		error = check_outside(dump, snapshot->tasks[i], snapshot->tasks[i]->pgid, "process group");
		TRY(verdict(dump, verdict_mark(dump), error, NULL));
	}
	return NULL;
}
