// SPDX-License-Identifier: GPL-2.0
/* names: the name of each thread (PR_SET_NAME), at most 15 bytes. */
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "kernel/proc/stat.h"
#include "tasks/part.h"

enum { NAME_BYTES = 16 };

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	char *name = arena_string(dump->arena, thread->stat->comm);

	thread->core->thread_core->comm = name;
	if (thread->core->tc)
		thread->core->tc->comm = name;
	return NULL;
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const char *name = thread->core->thread_core->comm;
	char bytes[NAME_BYTES] = { 0 };

	if (!name)
		name = task_leader(thread->task)->core->tc->comm;
	strncpy(bytes, name, sizeof(bytes) - 1);
	batch_call_flags(program, "thread name", SYS_prctl, REMOTE_DATA(1), PR_SET_NAME,
			 batch_data(program, bytes, sizeof(bytes)));
	return NULL;
}

const struct task_part names_part = {
	.name = "names",
	.scope = PART_THREAD,
	.phase = PHASE_IDENTITY,
	.dump = dump,
	.emit = emit,
};
