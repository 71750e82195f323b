// SPDX-License-Identifier: GPL-2.0
/* Letting the threads of a whole tree go at once. */
#include "remote/release.h"

#include <stdlib.h>

#include "support/cleanup.h"

static size_t count_threads(const struct snapshot *snapshot)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->task_count; i++)
		count += snapshot->tasks[i]->thread_count;
	return count;
}

struct error *prepare_threads(const struct snapshot *snapshot)
{
	cleanup_free struct compel_thread **threads = calloc(count_threads(snapshot) + 1, sizeof(*threads));
	size_t count = 0;

	if (!threads)
		return out_of_memory();
	for (size_t i = 0; i < snapshot->task_count; i++)
		for (size_t j = 0; j < snapshot->tasks[i]->thread_count; j++)
			if (snapshot->tasks[i]->threads[j].tracee.tid)
				threads[count++] = &snapshot->tasks[i]->threads[j].tracee;
	return compel_prepare_all(threads, count);
}

struct error *release_threads(const struct snapshot *snapshot, bool (*stops)(const struct task *, const void *),
			      const void *argument)
{
	size_t most = count_threads(snapshot), count = 0;
	cleanup_free struct compel_thread **threads = calloc(most + 1, sizeof(*threads));
	cleanup_free bool *stopped = calloc(most + 1, sizeof(*stopped));

	if (!threads || !stopped)
		return out_of_memory();
	for (size_t i = 0; i < snapshot->task_count; i++) {
		const struct task *task = snapshot->tasks[i];

		for (size_t j = 0; j < task->thread_count; j++) {
			if (!task->threads[j].tracee.tid)
				continue;
			/* One stop signal stops the whole process. */
			stopped[count] = j == 0 && stops && stops(task, argument);
			threads[count++] = &task->threads[j].tracee;
		}
	}
	return compel_detach_all(threads, stopped, count);
}
