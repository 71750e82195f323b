// SPDX-License-Identifier: GPL-2.0
/*
 * close_on_exec: the one flag that belongs to a descriptor and not to the file behind it. Asked
 * inside the task, all descriptors in one batch: from outside it costs an open, a read and a
 * close of /proc/PID/fdinfo/N for each. Restored with the descriptors (restore/handover.c).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/cleanup.h"
#include "kernel/proc/status.h"
#include "tasks/part.h"

enum { MAX_SLOTS = 16384 };

static int compare_numbers(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static struct error *list_numbers(struct dump *dump, struct task *task)
{
	int fd = openat(task->proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_closedir DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	size_t capacity = 0;
	struct dirent *entry;

	if (!directory)
		return fail_errno("could not list the descriptors");
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			*arena_append(dump->arena, task->numbers, task->number_count, capacity) = atoi(entry->d_name);
	qsort(task->numbers, task->number_count, sizeof(int), compare_numbers);
	return NULL;
}

/* Which numbers are open is found out by asking for all that may be: listing /proc/PID/fd makes
 * the kernel build a directory entry for each. Only a huge table is listed. */
static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	struct task *task = thread->task;
	size_t slots = task->status->descriptor_slots;

	if (task->table->owner != task)
		return NULL;
	if (slots > MAX_SLOTS)
		TRY(list_numbers(dump, task));
	else
		task->numbers = arena_array(dump->arena, int, slots);
	for (size_t i = 0; slots <= MAX_SLOTS && i < slots; i++)
		task->numbers[task->number_count++] = i;
	for (size_t i = 0; i < task->number_count; i++)
		batch_call_flags(batch, "close-on-exec flag", SYS_fcntl, REMOTE_MAY_FAIL, task->numbers[i], F_GETFD);
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	struct task *task = thread->task;
	size_t open = 0;

	task->close_on_exec = arena_array(dump->arena, bool, task->number_count);
	for (size_t i = 0; i < task->number_count; i++) {
		int64_t flags = answer_result(answers, i);

		if (flags < 0)
			continue;
		task->numbers[open] = task->numbers[i];
		task->close_on_exec[open++] = flags & FD_CLOEXEC;
	}
	task->number_count = open;
	return NULL;
}

const struct task_part close_on_exec_part = {
	.name = "close_on_exec",
	.scope = PART_TASK,
	.phase = PHASE_IDENTITY,
	.ask = ask,
	.dump = dump,
};
