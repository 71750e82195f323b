// SPDX-License-Identifier: GPL-2.0
#include "files/io_uring/rings.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/plan.h"
#include "model/keep.h"
#include "support/cleanup.h"

enum { STACK_BYTES = 64 * 1024 };

static bool is_mine(const struct planned_file *file)
{
	return file->wanted && file->entry->type == FD_TYPES__IO_URING;
}

struct request {
	struct restore *restore;
	struct error *error;
};

static struct error *make_all(struct restore *restore)
{
	struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->count; i++) {
		struct planned_file *file = &plan->files[i];

		if (is_mine(file))
			TRY(with_context(file->kind->create(restore, file, &file->fd), "cannot restore file %u (io_uring)", file->entry->id));
	}
	return NULL;
}

/* Shares memory and descriptors with main, who waits. */
static int make_for_main(void *argument)
{
	struct request *request = argument;

	request->error = make_all(request->restore);
	_exit(0);
}

static struct error *keep(struct restore *restore, size_t index)
{
	struct planned_file *file = &restore->files->files[index];

	TRY(keep_descriptor(restore, &file->fd));
	file->born_with = true;
	if (!file->finish_copy)
		return NULL;
	restore->files->finish_fds[index] = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	return restore->files->finish_fds[index] < 0 ? fail_errno("could not duplicate an io_uring") : NULL;
}

struct error *rings_make(struct restore *restore)
{
	struct request request = { .restore = restore };
	struct file_plan *plan = restore->files;
	cleanup_free char *stack = NULL;
	bool any = false;
	pid_t pid;

	for (size_t i = 0; i < plan->count && !any; i++)
		any = is_mine(&plan->files[i]);
	if (!any)
		return NULL;
	stack = malloc(STACK_BYTES);
	if (!stack)
		return out_of_memory();
	pid = clone(make_for_main, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &request);
	if (pid < 0)
		return fail_errno("could not fork a process that makes io_urings");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	TRY(request.error);
	for (size_t i = 0; i < plan->count; i++)
		if (is_mine(&plan->files[i]))
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
