// SPDX-License-Identifier: GPL-2.0
/*
 * root_and_cwd: root directory, working directory and umask of a process. Restored by the
 * newborn itself (root_and_cwd_restore), with handles that the opener made.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"
#include "kernel/proc/status.h"
#include "tasks/part.h"
#include "tasks/root_and_cwd.h"

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	struct task *task = thread->task;
	uint32_t cwd, root;

	task->fs = new_message(dump->arena, fs_entry);
	TRY(files_register_link(dump, task, "cwd", O_RDONLY, &cwd));
	TRY(files_register_link(dump, task, "root", O_RDONLY, &root));
	task->fs->cwd_id = cwd;
	task->fs->root_id = root;
	SET(task->fs, umask, task->status->umask);
	return NULL;
}

struct error *root_and_cwd_restore(const struct task *task, int root_fd, int cwd_fd)
{
	struct stat wanted, now;

	if (root_fd >= 0) {
		if (fstat(root_fd, &wanted) || stat("/", &now))
			return fail_errno("could not examine the root directory");
		if (wanted.st_dev != now.st_dev || wanted.st_ino != now.st_ino) {
			if (fchdir(root_fd) || chroot("."))
				return fail_errno("could not change the root directory");
		}
	}
	if (cwd_fd >= 0 && fchdir(cwd_fd))
		return fail_errno("could not change the working directory");
	if (task->fs && task->fs->has_umask)
		umask(task->fs->umask);
	return NULL;
}

const struct task_part root_and_cwd_part = {
	.name = "root_and_cwd",
	.scope = PART_TASK,
	.phase = PHASE_IDENTITY,
	.dump = dump,
};
