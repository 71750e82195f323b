// SPDX-License-Identifier: GPL-2.0
/*
 * root_and_cwd: root directory, working directory and umask of a process, or of a thread that has its own. They change in
 * the program, because criu itself still needs /proc until then; the opener made the handles.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/files.h"
#include "kernel/proc/status.h"
#include "tasks/part.h"
#include "tasks/root_and_cwd.h"

static struct error *dump_thread(struct dump *dump, struct thread *thread)
{
	ThreadCoreEntry *core = thread->core->thread_core;
	uint32_t cwd, root;

	if (!thread->own_directories)
		return NULL;
	TRY(files_register_link(dump, thread->task, arena_format(dump->arena, "task/%d/cwd", thread->host_tid), O_RDONLY,
				&cwd));
	TRY(files_register_link(dump, thread->task, arena_format(dump->arena, "task/%d/root", thread->host_tid), O_RDONLY,
				&root));
	SET(core, cwd_id, cwd);
	SET(core, root_id, root);
	SET(core, umask, thread->status->umask);
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	struct task *task = thread->task;
	uint32_t cwd, root;

	if (thread != task_leader(task))
		return dump_thread(dump, thread);
	task->fs = new_message(dump->arena, fs_entry);
	TRY(files_register_link(dump, task, "cwd", O_RDONLY, &cwd));
	TRY(files_register_link(dump, task, "root", O_RDONLY, &root));
	task->fs->cwd_id = cwd;
	task->fs->root_id = root;
	SET(task->fs, umask, task->status->umask);
	return NULL;
}

static void emit_root(int root_fd, struct batch *program)
{
	size_t here = batch_string(program, ".");

	batch_call(program, "root directory", SYS_fchdir, root_fd);
	batch_call_flags(program, "root directory", SYS_chroot, REMOTE_DATA(0), here);
}

struct error *root_and_cwd_emit(const struct task *task, int root_fd, int cwd_fd, struct batch *program)
{
	struct stat wanted, now;

	if (fstat(root_fd, &wanted) || stat("/", &now))
		return fail_errno("could not examine the root directory");
	/* Who shares the memory of another is born with that one's root. */
	if (task_shares_memory(task) || wanted.st_dev != now.st_dev || wanted.st_ino != now.st_ino)
		emit_root(root_fd, program);
	batch_call(program, "working directory", SYS_fchdir, cwd_fd);
	if (task->fs->has_umask)
		batch_call(program, "umask", SYS_umask, task->fs->umask);
	return NULL;
}

bool root_and_cwd_is_own(const struct thread *thread)
{
	return thread != task_leader(thread->task) && thread->core->thread_core->has_cwd_id &&
	       thread->core->thread_core->has_root_id;
}

void root_and_cwd_emit_thread(const struct thread *thread, int root_fd, int cwd_fd, struct batch *program)
{
	const ThreadCoreEntry *core = thread->core->thread_core;

	batch_call(program, "directories of its own", SYS_unshare, CLONE_FS);
	emit_root(root_fd, program);
	batch_call(program, "working directory", SYS_fchdir, cwd_fd);
	batch_call(program, "umask", SYS_umask, core->has_umask ? core->umask : thread->task->fs->umask);
}

const struct task_part root_and_cwd_part = {
	.name = "root_and_cwd",
	.scope = PART_THREAD,
	.phase = PHASE_IDENTITY,
	.dump = dump,
};
