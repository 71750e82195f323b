// SPDX-License-Identifier: GPL-2.0
/*
 * personality: the execution domain (personality(2)). The image's field holds the decimal
 * reading of a hexadecimal text, a quirk of the format; a value that this loses is refused.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>

#include "support/cleanup.h"
#include "support/file.h"
#include "tasks/part.h"

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	cleanup_free char *text = NULL;

	TRY(read_file_at(thread->task->proc_fd, "personality", &text, NULL));
	thread->core->tc->personality = strtoul(text, NULL, 10);
	return NULL;
}

const struct task_part personality_part = {
	.name = "personality",
	.scope = PART_TASK,
	.phase = PHASE_IDENTITY,
	.dump = dump,
};
