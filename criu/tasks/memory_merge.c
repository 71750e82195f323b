// SPDX-License-Identifier: GPL-2.0
/*
 * memory_merge: the kernel may merge equal pages of the whole process, of what it maps later too
 * (PR_SET_MEMORY_MERGE, Linux 6.4). What the process has taken out since (MADV_UNMERGEABLE) is taken out again.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tasks/part.h"

enum { SET_MEMORY_MERGE = 67, GET_MEMORY_MERGE = 68 }; /* prctl(2) */

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	batch_call_flags(batch, "merging of memory", SYS_prctl, REMOTE_MAY_FAIL, GET_MEMORY_MERGE, 0, 0, 0, 0);
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	if (answer_result(answers, 0) == 1)
		SET(thread->task->mm, merges_all, 1);
	return NULL;
}

static bool is_mergeable(const VmaEntry *entry)
{
	return entry->has_madv && (entry->madv & 1ULL << MADV_MERGEABLE);
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const struct task *task = thread->task;

	if (!task->mm->merges_all)
		return NULL;
	batch_call(program, "merging of memory", SYS_prctl, SET_MEMORY_MERGE, 1, 0, 0, 0);
	for (size_t i = 0; i < task->mapping_count; i++) {
		const VmaEntry *entry = task->mappings[i].entry;

		if ((entry->flags & MAP_PRIVATE) && !is_mergeable(entry))
			batch_call_flags(program, "memory that is not merged", SYS_madvise, REMOTE_MAY_FAIL, entry->start,
					 entry->end - entry->start, MADV_UNMERGEABLE);
	}
	return NULL;
}

const struct task_part memory_merge_part = {
	.name = "memory_merge",
	.scope = PART_MEMORY,
	.phase = PHASE_LIMITS,
	.ask = ask,
	.dump = dump,
	.emit = emit,
};
