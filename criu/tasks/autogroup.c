// SPDX-License-Identifier: GPL-2.0
/*
 * autogroup: the nice value of a session's group of processes, sched(7). Only the first
 * process of each session of the tree has it; kept in a field of our own.
 */
#include "tasks/autogroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cleanup.h"
#include "support/file.h"
#include "tasks/part.h"

/* A session that is not the tree's own keeps what it has. */
static bool speaks_for_session(const struct task *task)
{
	return task->sid == task->pid || (task->parent && task->parent->sid != task->sid);
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	cleanup_free char *text = NULL;
	const char *nice;
	struct error *error;

	if (!speaks_for_session(thread->task))
		return NULL;
	error = read_file_at(thread->task->proc_fd, "autogroup", &text, NULL);
	if (error && error->number == ENOENT) { /* a kernel without */
		error_free(error);
		return NULL;
	}
	TRY(error);
	nice = strstr(text, "nice ");
	if (nice && atoi(nice + 5))
		SET(thread->core->tc, autogroup_nice, atoi(nice + 5));
	return NULL;
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	const TaskCoreEntry *core = thread->core->tc;

	if (core->has_autogroup_nice && (core->autogroup_nice < -20 || core->autogroup_nice > 19))
		return fail("the image is damaged: autogroup nice value %d", core->autogroup_nice);
	return NULL;
}

struct error *autogroup_restore(const struct task *task)
{
	const TaskCoreEntry *core = task_leader(task)->core->tc;
	char text[16];
	int length;

	if (!core->has_autogroup_nice)
		return NULL;
	length = snprintf(text, sizeof(text), "%d", core->autogroup_nice);
	return write_file_at(AT_FDCWD, "/proc/self/autogroup", text, length);
}

const struct task_part autogroup_part = {
	.name = "autogroup",
	.scope = PART_TASK,
	.phase = PHASE_LIMITS,
	.dump = dump,
	.plan = plan,
};
