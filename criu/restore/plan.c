// SPDX-License-Identifier: GPL-2.0
/*
 * Planning: everything is decided before the first fork. What a part or a kind cannot
 * bring back is refused here, while nothing has happened yet.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "model/context.h"
#include "files/files.h"
#include "files/inherited.h"
#include "image/directory.h"
#include "kernel/proc/status.h"
#include "memory/memory.h"
#include "model/keep.h"
#include "model/handover.h"
#include "restore/kinship.h"
#include "restore/report.h"
#include "restore/stages.h"
#include "support/log.h"
#include "tasks/part.h"

static const struct task_part *const parts[] = {
#define TASK_PART(name) &name##_part,
#include "tasks/parts.h"
#undef TASK_PART
};
enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]) };

size_t live_threads(const struct restore *restore)
{
	size_t count = 0;

	for (size_t i = 0; i < restore->snapshot->task_count; i++)
		if (restore->snapshot->tasks[i]->state != TASK_DEAD)
			count += restore->snapshot->tasks[i]->thread_count;
	return count;
}

static struct error *plan_parts(struct restore *restore, struct task *task)
{
	for (size_t i = 0; i < task->thread_count; i++)
		for (size_t j = 0; j < PART_COUNT; j++)
			if (parts[j]->plan && (i == 0 || parts[j]->scope == PART_THREAD))
				TRY(with_context(parts[j]->plan(restore, &task->threads[i]), "%s", parts[j]->name));
	return NULL;
}

static struct error *read_own_status(struct restore *restore)
{
	struct proc_status *status = arena_new(restore->arena, struct proc_status);

	TRY(proc_thread_status_read(getpid(), getpid(), restore->arena, status));
	restore->own_status = status;
	return NULL;
}

/* Counters that newborns add to. */
static struct error *share_counters(struct restore *restore)
{
	uint64_t *counters = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (counters == MAP_FAILED)
		return fail_errno("could not make shared counters");
	restore->pages_compared = counters;
	restore->pages_skipped = counters + 1;
	restore->pages_restored = counters + 2;
	return NULL;
}

/* criu's own descriptors that newborns inherit get out of the way. */
static struct error *keep_descriptors(struct restore *restore)
{
	struct image_directory *images = restore->criu->images;
	bool same = images->work_fd == images->fd;

	TRY(keep_descriptor(restore, &images->fd));
	if (same)
		images->work_fd = images->fd;
	else
		TRY(keep_descriptor(restore, &images->work_fd));
	TRY(keep_descriptor(restore, log_descriptor()));
	return inherited_keep(restore);
}

struct error *make_plan(struct restore *restore)
{
	struct snapshot *snapshot = restore->snapshot;

	TRY(keep_descriptors(restore));
	TRY(read_own_status(restore));
	TRY(share_counters(restore));
	for (size_t i = 0; i < snapshot->task_count; i++)
		if (snapshot->tasks[i]->state != TASK_DEAD)
			TRY(with_context(plan_parts(restore, snapshot->tasks[i]), "cannot restore process %d",
					 snapshot->tasks[i]->pid));
	TRY(memory_plan(restore));
	TRY(files_plan(restore));
	inherited_report(restore);
	TRY(kinship_plan(restore));
	TRY(handover_prepare(restore));
	return board_make(restore);
}
