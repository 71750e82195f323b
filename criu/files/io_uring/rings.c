// SPDX-License-Identifier: GPL-2.0
#include "files/io_uring/rings.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "files/plan.h"
#include "model/keep.h"

static bool is_mine(const struct planned_file *file)
{
	return file->wanted && file->entry->type == FD_TYPES__IO_URING;
}

struct error *rings_prepare(struct restore *restore, bool *wanted)
{
	struct file_plan *plan = restore->files;
	int *fds;

	*wanted = false;
	for (size_t i = 0; i < plan->count; i++)
		*wanted |= is_mine(&plan->files[i]);
	if (!*wanted)
		return NULL;
	fds = mmap(NULL, plan->count * sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fds == MAP_FAILED)
		return fail_errno("could not map memory");
	plan->ring_fds = fds;
	return NULL;
}

struct error *rings_make(struct restore *restore)
{
	struct file_plan *plan = restore->files;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < plan->count; i++)
		if (is_mine(&plan->files[i]))
			TRY(with_context(plan->files[i].kind->create(restore, &plan->files[i], &plan->ring_fds[i]),
					 "cannot restore file %u (io_uring)", plan->files[i].entry->id));
	return NULL;
}

static struct error *keep(struct restore *restore, size_t index)
{
	struct planned_file *file = &restore->files->files[index];

	file->fd = restore->files->ring_fds[index];
	TRY(keep_descriptor(restore, &file->fd));
	file->born_with = true;
	if (!file->finish_copy)
		return NULL;
	restore->files->finish_fds[index] = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	return restore->files->finish_fds[index] < 0 ? fail_errno("could not duplicate an io_uring") : NULL;
}

struct error *rings_take(struct restore *restore)
{
	for (size_t i = 0; i < restore->files->count; i++)
		if (is_mine(&restore->files->files[i]))
			TRY(keep(restore, i));
	return NULL;
}

void rings_close(struct restore *restore)
{
	for (size_t i = 0; i < restore->files->count; i++) {
		struct planned_file *file = &restore->files->files[i];

		if (!file->born_with)
			continue;
		close(file->fd);
		file->fd = -1;
	}
}
