// SPDX-License-Identifier: GPL-2.0
/*
 * robust_list: what the kernel does in a thread's memory when it ends: the list of robust
 * futexes (get_robust_list(2)) and the word cleared on exit (set_tid_address(2)).
 */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tasks/part.h"

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	uint64_t empty = 0;
	uint64_t place = batch_data(batch, &empty, sizeof(empty));

	batch_call_flags(batch, "clear-tid address", SYS_prctl, REMOTE_DATA(1), PR_GET_TID_ADDRESS, place);
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	uint64_t head = 0;
	size_t length = 0;

	if (syscall(SYS_get_robust_list, thread->host_tid, &head, &length))
		return fail_errno("could not read the robust futex list of thread %d", thread->tid);
	thread->core->thread_core->futex_rla = head;
	thread->core->thread_core->futex_rla_len = length;
	thread->core->thread_info->clear_tid_addr = *(const uint64_t *)answer_data(answers, 0);
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const ThreadCoreEntry *core = thread->core->thread_core;

	batch_call_flags(program, "robust futex list", SYS_set_robust_list, core->futex_rla ? 0 : REMOTE_MAY_FAIL,
			 core->futex_rla, core->futex_rla_len ?: 24);
	batch_call_flags(program, "clear-tid address", SYS_set_tid_address, 0,
			 thread->core->thread_info->clear_tid_addr);
	return NULL;
}

const struct task_part robust_list_part = {
	.name = "robust_list",
	.scope = PART_THREAD,
	.phase = PHASE_IDENTITY,
	.ask = ask,
	.dump = dump,
	.emit = emit,
};
