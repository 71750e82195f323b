// SPDX-License-Identifier: GPL-2.0
/* membarrier: registrations for expedited barriers. membarrier(2); GET_REGISTRATIONS since Linux 6.3. */
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tasks/part.h"

enum { GET_REGISTRATIONS = 1 << 9 };

/* Without it, a barrier of a kind that the process has not registered for fails with EPERM. */
static const struct {
	int barrier, registration;
} tries[] = {
	{ MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED },
	{ MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE },
	{ MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ },
};
enum { TRY_COUNT = sizeof(tries) / sizeof(tries[0]) };

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	if (syscall(SYS_membarrier, GET_REGISTRATIONS, 0, 0) >= 0) {
		batch_call_flags(batch, "membarrier registrations", SYS_membarrier, REMOTE_MAY_FAIL, GET_REGISTRATIONS,
				 0, 0);
		return NULL;
	}
	for (size_t i = 0; i < TRY_COUNT; i++)
		batch_call_flags(batch, "membarrier", SYS_membarrier, REMOTE_MAY_FAIL, tries[i].barrier, 0, 0);
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	int64_t mask = answer_result(answers, 0);

	if (syscall(SYS_membarrier, GET_REGISTRATIONS, 0, 0) < 0) {
		/* Nothing tells this one; who has it needlessly takes part in barriers of others. */
		mask = MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
		for (size_t i = 0; i < TRY_COUNT; i++)
			mask |= answer_result(answers, i) == 0 ? tries[i].registration : 0;
	}
	if (mask > 0)
		SET(thread->core->tc, membarrier_registration_mask, mask);
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const TaskCoreEntry *core = thread->core->tc;

	for (unsigned bit = 0; core->has_membarrier_registration_mask && bit < 32; bit++)
		if (core->membarrier_registration_mask & 1u << bit)
			batch_call_flags(program, "membarrier registration", SYS_membarrier, 0, 1u << bit, 0, 0);
	return NULL;
}

const struct task_part membarrier_part = {
	.name = "membarrier",
	.scope = PART_MEMORY,
	.phase = PHASE_LIMITS,
	.ask = ask,
	.dump = dump,
	.emit = emit,
};
