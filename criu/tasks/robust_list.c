// SPDX-License-Identifier: GPL-2.0
/*
 * robust_list: what the kernel does in a thread's memory when it ends: the list of robust
 * futexes (get_robust_list(2)) and the word cleared on exit (set_tid_address(2)).
 */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/arch.h"
#include "tasks/part.h"

/* 32-bit tasks have a list of their own form, which calls of the ia32 ABI tell and set. */
enum { COMPAT_SET_ROBUST_LIST = 311, COMPAT_GET_ROBUST_LIST = 312, COMPAT_LENGTH = 12, LENGTH = 24 };

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	uint64_t empty = 0;
	uint64_t place = batch_data(batch, &empty, sizeof(empty));

	batch_call_flags(batch, "clear-tid address", SYS_prctl, REMOTE_DATA(1), PR_GET_TID_ADDRESS, place);
	if (thread->tracee.compat) {
		uint64_t head = batch_data(batch, &empty, sizeof(empty)), length = batch_data(batch, &empty, sizeof(empty));

		batch_call_flags(batch, "robust futex list", COMPAT_GET_ROBUST_LIST,
				 REMOTE_COMPAT | REMOTE_DATA(1) | REMOTE_DATA(2), 0, head, length);
	}
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	uint64_t head = 0;
	size_t length = 0;

	if (thread->tracee.compat) {
		head = *(const uint64_t *)answer_data(answers, 8);
		length = *(const uint64_t *)answer_data(answers, 16);
	} else if (syscall(SYS_get_robust_list, thread->host_tid, &head, &length))
		return fail_errno("could not read the robust futex list of thread %d", thread->tid);
	thread->core->thread_core->futex_rla = head;
	thread->core->thread_core->futex_rla_len = length;
	thread->core->thread_info->clear_tid_addr = *(const uint64_t *)answer_data(answers, 0);
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const ThreadCoreEntry *core = thread->core->thread_core;

	uint32_t flags = core->futex_rla ? 0 : REMOTE_MAY_FAIL;

	if (arch_core_is_compat(thread->core))
		batch_call_flags(program, "robust futex list of a 32-bit thread", COMPAT_SET_ROBUST_LIST,
				 flags | REMOTE_COMPAT, core->futex_rla, core->futex_rla_len ?: COMPAT_LENGTH);
	else
		batch_call_flags(program, "robust futex list", SYS_set_robust_list, flags, core->futex_rla,
				 core->futex_rla_len ?: LENGTH);
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
