// SPDX-License-Identifier: GPL-2.0
/* io_uring: what a process or thread has registered with rings and only itself can: its memory, and its own table of
 * rings. All else is in files/io_uring/. */
#include "files/io_uring/rings.h"
#include "tasks/part.h"

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	rings_emit(restore, thread, program);
	return NULL;
}

const struct task_part io_uring_part = {
	.name = "io_uring",
	.scope = PART_THREAD,
	.phase = PHASE_IDENTITY,
	.emit = emit,
};
