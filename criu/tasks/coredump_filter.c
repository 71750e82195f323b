// SPDX-License-Identifier: GPL-2.0
/* coredump_filter: which mappings a core file would have. proc(5); kept in a field of our own. */
#include "tasks/coredump_filter.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/cleanup.h"
#include "support/file.h"
#include "tasks/part.h"

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	cleanup_free char *text = NULL;

	TRY(read_file_at(thread->task->proc_fd, "coredump_filter", &text, NULL));
	SET(thread->core->tc, coredump_filter, strtoul(text, NULL, 16));
	return NULL;
}

struct error *coredump_filter_restore(const struct task *task)
{
	const TaskCoreEntry *core = task_leader(task)->core->tc;
	char text[16];
	int length;

	if (!core->has_coredump_filter)
		return NULL;
	length = snprintf(text, sizeof(text), "0x%x", core->coredump_filter);
	return write_file_at(AT_FDCWD, "/proc/self/coredump_filter", text, length);
}

const struct task_part coredump_filter_part = {
	.name = "coredump_filter",
	.scope = PART_TASK,
	.phase = PHASE_LIMITS,
	.dump = dump,
};
