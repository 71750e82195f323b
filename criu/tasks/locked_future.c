// SPDX-License-Identifier: GPL-2.0
/*
 * locked_future: mlockall(MCL_FUTURE): what is mapped from now on is locked. The kernel does not
 * tell, so the task maps a page: one that is locked cannot be dropped by MADV_DONTNEED, and it is
 * there at once unless MCL_ONFAULT was given.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tasks/part.h"

enum { PAGE = 4096 };
enum { CALL_MAP, CALL_PRESENT, CALL_DROP, CALL_UNMAP };

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	size_t present = batch_data(batch, NULL, 8);
	size_t map = batch_call_flags(batch, "page to try locking", SYS_mmap, REMOTE_MAY_FAIL, 0, PAGE,
				      PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0);

	batch_call_flags(batch, "lock of future mappings", SYS_mincore,
			 REMOTE_MAY_FAIL | REMOTE_RESULT(0) | REMOTE_DATA(2), map, PAGE, present);
	batch_call_flags(batch, "lock of future mappings", SYS_madvise, REMOTE_MAY_FAIL | REMOTE_RESULT(0), map, PAGE,
			 MADV_DONTNEED);
	batch_call_flags(batch, "lock of future mappings", SYS_munmap, REMOTE_MAY_FAIL | REMOTE_RESULT(0), map, PAGE);
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	const unsigned char *present = answer_data(answers, 0);
	int64_t page = answer_result(answers, CALL_MAP);

	/* EAGAIN: it would be locked, but the limit is reached. */
	if (page == -EAGAIN || (page > 0 && answer_result(answers, CALL_DROP) == -EINVAL))
		SET(thread->task->mm, lock_future, MCL_FUTURE | (page > 0 && !(*present & 1) ? MCL_ONFAULT : 0));
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const MmEntry *mm = thread->task->mm;

	if (mm->lock_future & MCL_FUTURE)
		batch_call(program, "lock of future mappings", SYS_mlockall,
			   mm->lock_future & (MCL_FUTURE | MCL_ONFAULT));
	return NULL;
}

const struct task_part locked_future_part = {
	.name = "locked_future",
	.scope = PART_MEMORY,
	.phase = PHASE_LIMITS,
	.ask = ask,
	.dump = dump,
	.emit = emit,
};
