// SPDX-License-Identifier: GPL-2.0
/*
 * root_and_cwd: root directory, working directory and umask of a process. They change in
 * the program, because criu itself still needs /proc until then; the opener made the handles.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

struct error *root_and_cwd_emit(const struct task *task, int root_fd, int cwd_fd, struct batch *program)
{
	struct stat wanted, now;

	if (fstat(root_fd, &wanted) || stat("/", &now))
		return fail_errno("could not examine the root directory");
	if (wanted.st_dev != now.st_dev || wanted.st_ino != now.st_ino) {
		size_t here = batch_string(program, ".");

		batch_call(program, "root directory", SYS_fchdir, root_fd);
		batch_call_flags(program, "root directory", SYS_chroot, REMOTE_DATA(0), here);
	}
	batch_call(program, "working directory", SYS_fchdir, cwd_fd);
	if (task->fs->has_umask)
		batch_call(program, "umask", SYS_umask, task->fs->umask);
	return NULL;
}

const struct task_part root_and_cwd_part = {
	.name = "root_and_cwd",
	.scope = PART_TASK,
	.phase = PHASE_IDENTITY,
	.dump = dump,
};
