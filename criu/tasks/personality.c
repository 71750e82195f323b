// SPDX-License-Identifier: GPL-2.0
/*
 * personality: the execution domain (personality(2)). The format's own field holds the decimal
 * reading of a hexadecimal text, which loses values; all bits are in a field of our own.
 */
#include <stdlib.h>
#include <sys/syscall.h>

#include "support/cleanup.h"
#include "support/file.h"
#include "tasks/part.h"

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	cleanup_free char *text = NULL;

	TRY(read_file_at(thread->task->proc_fd, "personality", &text, NULL));
	thread->core->tc->personality = strtoul(text, NULL, 10);
	SET(thread->core->tc, personality_bits, strtoul(text, NULL, 16));
	return NULL;
}

/* Images of others: digits are the same in both readings, as far as the quirk let them through. */
static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const TaskCoreEntry *core = thread->core->tc;

	if (core->has_personality_bits && core->personality_bits)
		batch_call(program, "personality", SYS_personality, core->personality_bits);
	return NULL;
}

const struct task_part personality_part = {
	.name = "personality",
	.scope = PART_TASK,
	.phase = PHASE_LIMITS,
	.dump = dump,
	.emit = emit,
};
