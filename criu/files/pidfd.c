// SPDX-License-Identifier: GPL-2.0
/*
 * pidfd: a reference to a process of the tree, or to one that is gone. For those a process is made that ends as the
 * old one did, since the kernel tells its status even when it is gone (PIDFD_GET_INFO, Linux 6.15); all that refer to
 * the same one have the same inode number in the image. pidfd_open(2).
 */
#include "files/pidfd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/collection.h"
#include "kernel/proc/fdinfo.h"
#include "support/cleanup.h"
#include "support/ending.h"

enum { GONE = -1, OF_THREAD = O_EXCL /* PIDFD_THREAD, Linux 6.9 */, OPEN_FLAGS = O_NONBLOCK | OF_THREAD };

/* linux/pidfd.h, the first version of it. */
struct info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};
#define GET_INFO _IOWR(0xFF, 11, struct info)
#define INFO_EXIT (1u << 3)

/* ---- dump ---- */

static void dump_end(PidfdEntry *entry, int fd)
{
	struct info info = { .mask = INFO_EXIT };

	entry->nspid = GONE;
	if (!ioctl(fd, GET_INFO, &info) && (info.mask & INFO_EXIT))
		SET(entry, exit_status, info.exit_code);
}

/* The number of a process or thread as the tree sees it; 0: it is none of the tree's. */
static pid_t number_in_tree(const struct snapshot *snapshot, pid_t host_pid)
{
	for (size_t i = 0; i < snapshot->task_count; i++) {
		const struct task *task = snapshot->tasks[i];

		if (task->host_pid == host_pid)
			return task->pid;
		for (size_t j = 0; j < task->thread_count; j++)
			if (task->threads[j].host_tid == host_pid)
				return task->threads[j].tid;
	}
	return 0;
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	PidfdEntry *entry = out->pidfd = new_message(dump->arena, pidfd_entry);
	cleanup_free char *text = NULL;
	uint64_t number;
	pid_t pid;

	entry->ino = fd->stat.st_ino;
	TRY(fdinfo_read(fd->fd, &text));
	TRY(fdinfo_number(text, "Pid", 10, &number));
	pid = (pid_t)number;
	if (pid == -1) {
		dump_end(entry, fd->fd);
		return NULL;
	}
	entry->nspid = number_in_tree(dump->snapshot, pid);
	if (entry->nspid)
		return NULL;
	return with_hint(fail("the pidfd refers to process %d, which is not part of the tree", pid),
			 "Close it before the dump, or dump a tree that has both processes.");
}

/* Of a thread, or of a process that comes as late as threads. */
static bool is_of_thread(const struct snapshot *snapshot, const PidfdEntry *entry)
{
	const struct task *task = entry->nspid == GONE ? NULL : snapshot_task(snapshot, entry->nspid);

	return entry->nspid != GONE && (!task || task_shares_memory(task));
}

/* Such a descriptor gets its thread after targets of epolls were added, see tasks/thread_pidfds.c. */
static struct error *check_not_watched(struct dump *dump, const PidfdEntry *entry, const EventpollFileEntry *epoll)
{
	for (size_t i = 0; i < epoll->n_tfd; i++) {
		const struct descriptor_table *table = snapshot_table(dump->snapshot, epoll->tfd[i]->files_id);

		for (size_t j = 0; table && j < table->count; j++)
			if (table->entries[j]->fd == epoll->tfd[i]->tfd && table->entries[j]->id == entry->id)
				return with_hint(fail("descriptor %u is a pidfd of thread %d, and an epoll watches it",
						      epoll->tfd[i]->tfd, entry->nspid),
						 "Remove it from the epoll before the dump, or use a pidfd of the "
						 "process.");
	}
	return NULL;
}

static struct error *dump_late(struct dump *dump)
{
	for (size_t i = 0; i < dump->files->entry_count; i++) {
		PidfdEntry *entry = dump->files->entries[i]->pidfd;

		if (!entry)
			continue;
		entry->flags &= OPEN_FLAGS;
		for (size_t j = 0; is_of_thread(dump->snapshot, entry) && j < dump->files->entry_count; j++)
			if (dump->files->entries[j]->epfd)
				TRY(check_not_watched(dump, entry, dump->files->entries[j]->epfd));
	}
	return NULL;
}

/* ---- restore ---- */

static const struct task *task_of_thread(const struct restore *restore, pid_t tid)
{
	const struct snapshot *snapshot = restore->snapshot;
	struct task *task = snapshot_task(snapshot, tid);

	if (task)
		return task_memory_owner(task);
	for (size_t i = 0; i < snapshot->task_count; i++)
		for (size_t j = 1; j < snapshot->tasks[i]->thread_count; j++)
			if (snapshot->tasks[i]->threads[j].tid == tid)
				return task_memory_owner(snapshot->tasks[i]);
	return NULL;
}

pid_t pidfd_thread(const struct restore *restore, const struct planned_file *file)
{
	const PidfdEntry *entry = file->entry->pidfd;

	return entry && is_of_thread(restore->snapshot, entry) ? entry->nspid : 0;
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const PidfdEntry *entry = file->entry->pidfd;

	if (entry->nspid == GONE || snapshot_task(restore->snapshot, entry->nspid) ||
	    task_of_thread(restore, entry->nspid))
		return NULL;
	return with_hint(fail("cannot restore a pidfd of process %d, which is not in the images", entry->nspid),
			 "Dump a tree that has both processes.");
}

static struct error *open_pidfd(pid_t pid, uint32_t flags, int *ret_fd)
{
	*ret_fd = syscall(SYS_pidfd_open, pid, flags & OPEN_FLAGS);
	return *ret_fd < 0 ? fail_errno("could not open process %d", pid) : NULL;
}

/* A process that ends when the other end of the pipe is closed. */
static struct error *fork_stand_in(uint32_t status, pid_t *pid, int *ret_end)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		return fail_errno("could not make a pipe");
	*pid = fork();
	if (*pid == 0) {
		close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		end_with_status(status);
	}
	close(ends[0]);
	*ret_end = ends[1];
	if (*pid >= 0)
		return NULL;
	close(ends[1]);
	return fail_errno("could not fork");
}

/* Every pidfd of one dead process at once. */
static struct error *create_gone(struct restore *restore, const PidfdEntry *entry)
{
	struct file_plan *plan = restore->files;
	struct error *error = NULL;
	pid_t pid = -1;
	int end = -1;

	TRY(fork_stand_in(entry->exit_status, &pid, &end));
	for (size_t i = 0; i < plan->count && !error; i++) {
		struct planned_file *file = &plan->files[i];
		const PidfdEntry *other = file->entry->pidfd;

		if (!other || !file->wanted || other->nspid != GONE || other->ino != entry->ino)
			continue;
		error = open_pidfd(pid, other->flags, &file->fd);
		file->made = true;
	}
	close(end);
	waitpid(pid, NULL, 0);
	return error;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	const PidfdEntry *entry = file->entry->pidfd;

	if (entry->nspid == GONE)
		return create_gone(restore, entry);
	if (!is_of_thread(restore->snapshot, entry))
		return open_pidfd(entry->nspid, entry->flags, ret_fd);
	return open_pidfd(task_of_thread(restore, entry->nspid)->pid, entry->flags, ret_fd);
}

const struct file_kind pidfd_kind = {
	.name = "pidfd",
	.type = FD_TYPES__PIDFD,
	.entry = offsetof(FileEntry, pidfd),
	.match = { .anon_inode = "[pidfd]" },
	.dump = dump,
	.dump_late = dump_late,
	.plan = plan,
	.create = create,
};
