// SPDX-License-Identifier: GPL-2.0
/* oom: the out-of-memory score adjustment of a process. proc(5). */
#include <fcntl.h>
#include <stdio.h>

#include "support/cleanup.h"
#include "support/file.h"
#include "tasks/oom.h"
#include "tasks/part.h"

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	cleanup_free char *text = NULL;

	TRY(read_file_at(thread->task->proc_fd, "oom_score_adj", &text, NULL));
	SET(thread->core->tc, oom_score_adj, atoi(text));
	return NULL;
}

struct error *oom_restore(const struct task *task)
{
	const TaskCoreEntry *core = task_leader(task)->core->tc;
	cleanup_free char *text = NULL;
	char wanted[16];
	int length;

	if (!core->has_oom_score_adj)
		return NULL;
	TRY(read_file_at(AT_FDCWD, "/proc/self/oom_score_adj", &text, NULL));
	if (atoi(text) == core->oom_score_adj)
		return NULL;
	length = snprintf(wanted, sizeof(wanted), "%d", core->oom_score_adj);
	return with_hint(write_file_at(AT_FDCWD, "/proc/self/oom_score_adj", wanted, length),
			 "Run criu with CAP_SYS_RESOURCE, or with an equal or lower oom_score_adj of its own.");
}

const struct task_part oom_part = {
	.name = "oom",
	.scope = PART_TASK,
	.phase = PHASE_LIMITS,
	.dump = dump,
};
