// SPDX-License-Identifier: GPL-2.0
/*
 * rseq: restartable sequences. The registration is read from outside
 * (PTRACE_GET_RSEQ_CONFIGURATION, Linux 5.13). A thread that stands inside a critical
 * section is written as standing at its abort handler, as after any preemption, unless
 * the section asks not to be restarted on signals; then its descriptor is kept.
 */
#include <linux/rseq.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tasks/part.h"

#ifndef PTRACE_GET_RSEQ_CONFIGURATION
#define PTRACE_GET_RSEQ_CONFIGURATION 0x420f
struct __ptrace_rseq_configuration {
	uint64_t rseq_abi_pointer;
	uint32_t rseq_abi_size, signature, flags, pad;
};
#endif

static struct error *fix_critical_section(struct thread *thread, RseqEntry *entry)
{
	struct rseq_cs section;
	uint64_t pointer = 0, ip;
	struct remote_address place = remote(entry->rseq_abi_pointer + offsetof(struct rseq, rseq_cs));

	TRY(with_context(compel_read(thread->host_tid, place, &pointer, sizeof(pointer)), "rseq area"));
	if (!pointer)
		return NULL;
	TRY(with_context(compel_read(thread->host_tid, remote(pointer), &section, sizeof(section)), "rseq section"));
	ip = thread->tracee.registers.rip;
	if (ip - section.start_ip >= section.post_commit_offset)
		return NULL;
	if (section.flags & RSEQ_CS_FLAG_NO_RESTART_ON_SIGNAL)
		SET(entry, rseq_cs_pointer, pointer);
	else
		thread->core->thread_info->gpregs->ip = section.abort_ip;
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	struct __ptrace_rseq_configuration configuration = { 0 };
	RseqEntry *entry;

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, thread->host_tid, sizeof(configuration), &configuration) < 0) {
		if (errno == EIO) /* a kernel without rseq */
			return NULL;
		return fail_errno("could not read the rseq registration of thread %d", thread->tid);
	}
	if (!configuration.rseq_abi_pointer)
		return NULL;
	entry = new_message(dump->arena, rseq_entry);
	entry->rseq_abi_pointer = configuration.rseq_abi_pointer;
	entry->rseq_abi_size = configuration.rseq_abi_size;
	entry->signature = configuration.signature;
	thread->core->thread_core->rseq_entry = entry;
	return fix_critical_section(thread, entry);
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const RseqEntry *entry = thread->core->thread_core->rseq_entry;

	if (entry)
		batch_call_flags(program, "rseq", SYS_rseq, 0, entry->rseq_abi_pointer, entry->rseq_abi_size, 0,
				 entry->signature);
	return NULL;
}

const struct task_part rseq_part = {
	.name = "rseq",
	.scope = PART_THREAD,
	.phase = PHASE_IDENTITY,
	.dump = dump,
	.emit = emit,
};
