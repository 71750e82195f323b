// SPDX-License-Identifier: GPL-2.0
/*
 * local_storage: the three GDT entries that set_thread_area(2) fills (i386 thread-local
 * storage). fs_base and gs_base travel with the registers.
 */
#include <asm/ldt.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "tasks/part.h"

enum { FIRST_ENTRY = 12, ENTRY_COUNT = 3, COMPAT_SET_THREAD_AREA = 243 /* the 64-bit ABI has no such call */ };

#ifndef PTRACE_GET_THREAD_AREA
#define PTRACE_GET_THREAD_AREA 25
#endif

static UserDescT *to_entry(struct arena *arena, const struct user_desc *desc)
{
	UserDescT *entry = new_message(arena, user_desc_t);

	entry->entry_number = desc->entry_number;
	entry->base_addr = desc->base_addr;
	entry->limit = desc->limit;
	entry->seg_32bit = desc->seg_32bit;
	entry->contents_h = desc->contents & 2;
	entry->contents_l = desc->contents & 1;
	entry->read_exec_only = desc->read_exec_only;
	entry->limit_in_pages = desc->limit_in_pages;
	entry->seg_not_present = desc->seg_not_present;
	entry->usable = desc->useable;
	return entry;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	ThreadInfoX86 *info = thread->core->thread_info;

	info->tls = arena_array(dump->arena, UserDescT *, ENTRY_COUNT);
	for (unsigned i = 0; i < ENTRY_COUNT; i++) {
		struct user_desc desc = { 0 };

		if (ptrace(PTRACE_GET_THREAD_AREA, thread->host_tid, FIRST_ENTRY + i, &desc) < 0) {
			if (errno == EIO) { /* a kernel without 32-bit support */
				info->n_tls = 0;
				return NULL;
			}
			return fail_errno("could not read the thread areas of thread %d", thread->tid);
		}
		info->tls[info->n_tls++] = to_entry(dump->arena, &desc);
	}
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const ThreadInfoX86 *info = thread->core->thread_info;

	for (size_t i = 0; i < info->n_tls; i++) {
		const UserDescT *entry = info->tls[i];
		struct user_desc desc = {
			.entry_number = entry->entry_number,
			.base_addr = entry->base_addr,
			.limit = entry->limit,
			.seg_32bit = entry->seg_32bit,
			.contents = entry->contents_h << 1 | entry->contents_l,
			.read_exec_only = entry->read_exec_only,
			.limit_in_pages = entry->limit_in_pages,
			.seg_not_present = entry->seg_not_present,
			.useable = entry->usable,
		};

		if (entry->seg_not_present && !entry->base_addr && !entry->limit)
			continue; /* empty, as a newborn has it */
		batch_call_flags(program, "thread area", COMPAT_SET_THREAD_AREA, REMOTE_COMPAT | REMOTE_DATA(0),
				 batch_data(program, &desc, sizeof(desc)));
	}
	return NULL;
}

const struct task_part local_storage_part = {
	.name = "local_storage",
	.scope = PART_THREAD,
	.phase = PHASE_IDENTITY,
	.dump = dump,
	.emit = emit,
};
