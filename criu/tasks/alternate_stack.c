// SPDX-License-Identifier: GPL-2.0
/* alternate_stack: the signal stack of each thread. sigaltstack(2). */
#include <signal.h>
#include <sys/syscall.h>

#include "tasks/part.h"

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	stack_t empty = { 0 };
	uint64_t place = batch_data(batch, &empty, sizeof(empty));

	batch_call_flags(batch, "signal stack", SYS_sigaltstack, REMOTE_DATA(1), 0, place);
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	const stack_t *stack = answer_data(answers, 0);
	ThreadSasEntry *entry = new_message(dump->arena, thread_sas_entry);
	uint64_t start = (uint64_t)stack->ss_sp, sp = thread->tracee.registers.rsp;

	entry->ss_sp = start;
	entry->ss_size = stack->ss_size;
	/* The kernel derived SS_ONSTACK from the stack pointer of our own code: say what is true of the thread. */
	entry->ss_flags = stack->ss_flags & ~(uint32_t)SS_ONSTACK;
	if (!(entry->ss_flags & SS_DISABLE) && sp > start && sp - start <= stack->ss_size)
		entry->ss_flags |= SS_ONSTACK;
	thread->core->thread_core->sas = entry;
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const ThreadSasEntry *entry = thread->core->thread_core->sas;
	stack_t stack;

	/* A first thread has ours, and we may have one (of a sanitizer). */
	if (!entry || ((entry->ss_flags & SS_DISABLE) && thread != task_leader(thread->task)))
		return NULL;
	/* SS_ONSTACK follows from the stack pointer; only the mode bits can be set. */
	stack = (stack_t){ .ss_sp = (void *)entry->ss_sp,
			   .ss_size = entry->ss_size,
			   .ss_flags = (int)(entry->ss_flags & ~(uint32_t)SS_ONSTACK) };
	batch_call_flags(program, "signal stack", SYS_sigaltstack, REMOTE_DATA(0),
			 batch_data(program, &stack, sizeof(stack)), 0);
	return NULL;
}

const struct task_part alternate_stack_part = {
	.name = "alternate_stack",
	.scope = PART_THREAD,
	.phase = PHASE_IDENTITY,
	.ask = ask,
	.dump = dump,
	.emit = emit,
};
