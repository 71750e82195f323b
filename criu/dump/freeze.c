// SPDX-License-Identifier: GPL-2.0
/*
 * Freezing: seize every thread of every process until two listings agree. A stopped
 * process cannot fork, so once all threads of all known processes are stopped and
 * nobody has an unknown child, the set is complete.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/context.h"
#include "dump/stages.h"
#include "kernel/proc/task.h"
#include "remote/release.h"
#include "support/cancel.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"
#include "support/options.h"

enum { STOP_SECONDS = 10 };

/* A process while the set still grows; becomes a struct task when it is complete. */
struct frozen {
	pid_t pid;
	size_t parent; /* index of its parent */
	struct compel_thread *threads;
	size_t count, capacity;
	bool complete; /* its threads are all stopped */
};

struct freezing {
	struct dump *dump;
	struct frozen **processes;
	size_t count, capacity;
	uint64_t deadline;  /* of --timeout, or STOP_SECONDS */
	const char *cgroup; /* --freeze-cgroup */
	bool cgroup_was_frozen, cgroup_is_frozen;
};

static struct error *seize_thread(struct freezing *freezing, struct frozen *process, pid_t tid)
{
	struct compel_thread *thread =
	    arena_append(freezing->dump->arena, process->threads, process->count, process->capacity);

	memset(thread, 0, sizeof(*thread));
	return with_context(compel_seize(thread, tid), "process %d", process->pid);
}

static struct error *add_process(struct freezing *freezing, pid_t pid, size_t parent)
{
	struct frozen *process = arena_new(freezing->dump->arena, struct frozen);

	if (pid == getpid())
		return with_hint(fail("cannot dump a tree that criu itself is part of"),
				 "Start criu from outside of the tree, for example from another terminal.");
	process->pid = pid;
	process->parent = parent;
	*arena_append(freezing->dump->arena, freezing->processes, freezing->count, freezing->capacity) = process;
	return seize_thread(freezing, process, pid);
}

static bool known_process(const struct freezing *freezing, pid_t pid)
{
	for (size_t i = 0; i < freezing->count; i++)
		if (freezing->processes[i]->pid == pid)
			return true;
	return false;
}

static bool known_thread(const struct frozen *process, pid_t tid)
{
	for (size_t i = 0; i < process->count; i++)
		if (process->threads[i].tid == tid)
			return true;
	return false;
}

/* --timeout bounds the freezing of the whole tree. */
static struct error *wait_thread(struct freezing *freezing, struct frozen *process, struct compel_thread *thread)
{
	uint64_t now = now_us();
	struct error *error;

	thread->patience = now < freezing->deadline ? (freezing->deadline - now) / 1000000 + 1 : 1;
	error = compel_wait(thread);
	return with_context(error, "process %d", process->pid);
}

/* Waits for threads[from..]; those that died meanwhile (but the leader) are dropped. */
static struct error *wait_threads(struct freezing *freezing, struct frozen *process, size_t from)
{
	for (size_t i = from; i < process->count;) {
		struct compel_thread *thread = &process->threads[i];

		if (thread->state == COMPEL_RUNNING)
			TRY(wait_thread(freezing, process, thread));
		if (thread->state == COMPEL_DEAD && i > 0)
			*thread = process->threads[--process->count];
		else
			i++;
	}
	return NULL;
}

/* The threads of a process that run programs. */
static struct error *list_threads(struct freezing *freezing, const struct frozen *process, pid_t **tids, size_t *count)
{
	size_t listed;

	TRY(proc_threads_read(process->pid, freezing->dump->arena, tids, &listed));
	*count = 0;
	for (size_t i = 0; i < listed; i++)
		if (known_thread(process, (*tids)[i]) || !proc_is_io_worker(process->pid, (*tids)[i]))
			(*tids)[(*count)++] = (*tids)[i];
	return NULL;
}

/* Stops all threads of a process. */
static struct error *complete_process(struct freezing *freezing, struct frozen *process)
{
	size_t stopped = 0;

	TRY(wait_threads(freezing, process, 0));
	if (process->threads[0].state == COMPEL_DEAD) {
		process->complete = true;
		return NULL;
	}
	for (;;) {
		size_t known = process->count, tid_count;
		pid_t *tids;

		TRY(list_threads(freezing, process, &tids, &tid_count));
		for (size_t i = 0; i < tid_count; i++)
			if (!known_thread(process, tids[i]))
				TRY(seize_thread(freezing, process, tids[i]));
		TRY(wait_threads(freezing, process, stopped));
		stopped = process->count;
		if (process->count == known && tid_count <= known)
			break;
	}
	process->complete = true;
	return NULL;
}

/* Finds and seizes children that are not known yet. A process without threads that can
 * run has no new ones; its list is read once all of them are stopped. */
static struct error *add_children(struct freezing *freezing, size_t index)
{
	struct frozen *process = freezing->processes[index];

	if (process->threads[0].state == COMPEL_DEAD)
		return NULL;
	for (size_t i = 0; i < process->count; i++) {
		size_t count;
		pid_t *children;

		TRY(proc_children_read(process->pid, process->threads[i].tid, freezing->dump->arena, &children,
				       &count));
		for (size_t j = 0; j < count; j++)
			if (!known_process(freezing, children[j]))
				TRY(add_process(freezing, children[j], index));
	}
	return NULL;
}

static struct error *freeze_all(struct freezing *freezing, pid_t root)
{
	size_t before;

	TRY(add_process(freezing, root, 0));
	do {
		before = freezing->count;
		for (size_t i = 0; i < freezing->count; i++) {
			if (freezing->processes[i]->complete)
				continue;
			TRY(cancel_check());
			TRY(complete_process(freezing, freezing->processes[i]));
			TRY(add_children(freezing, i));
		}
		/* An orphan may have been given to a subreaper of the tree meanwhile. */
		if (freezing->count > 1)
			for (size_t i = 0; i < freezing->count; i++)
				TRY(add_children(freezing, i));
	} while (freezing->count != before);
	return NULL;
}

/* Turns the set into tasks, parents before children. */
static void add_tasks(struct freezing *freezing, size_t index, struct task *parent)
{
	struct snapshot *snapshot = freezing->dump->snapshot;
	const struct frozen *process = freezing->processes[index];
	struct task *task = snapshot_add_task(snapshot, parent);

	task->host_pid = task->pid = process->pid;
	task->threads = arena_array(&snapshot->arena, struct thread, process->count);
	task->thread_count = process->count;
	for (size_t i = 0; i < process->count; i++) {
		task->threads[i].task = task;
		task->threads[i].tid = task->threads[i].host_tid = process->threads[i].tid;
		task->threads[i].tracee = process->threads[i];
	}
	task->state = process->threads[0].state == COMPEL_DEAD		? TASK_DEAD
		      : process->threads[0].state == COMPEL_JOB_STOPPED ? TASK_STOPPED
									: TASK_ALIVE;
	for (size_t i = 1; i < freezing->count; i++)
		if (i != index && freezing->processes[i]->parent == index)
			add_tasks(freezing, i, task);
}

static void detach_frozen(struct freezing *freezing)
{
	for (size_t i = 0; i < freezing->count; i++)
		for (size_t j = 0; j < freezing->processes[i]->count; j++)
			error_ignore(compel_detach(&freezing->processes[i]->threads[j], false), "thawing");
}

void thaw_tree(void *argument)
{
	struct dump *dump = argument;

	for (size_t i = 0; i < dump->snapshot->task_count; i++) {
		struct task *task = dump->snapshot->tasks[i];

		struct error *error = compel_cure(task->agent);

		if (error)
			compel_forget(task->agent);
		error_ignore(error, "curing");
		task->agent = NULL;
	}
	error_ignore(release_threads(dump->snapshot, NULL, NULL), "thawing");
}

/* ---- --freeze-cgroup: both generations of the freezer ---- */

static const char *const freezer_files[] = { "cgroup.freeze", "freezer.state" };

static struct error *cgroup_read(const char *cgroup, const char *name, char **text)
{
	char *path;
	struct error *error;

	if (asprintf(&path, "%s/%s", cgroup, name) < 0)
		return out_of_memory();
	error = read_file_at(AT_FDCWD, path, text, NULL);
	free(path);
	return error;
}

static struct error *cgroup_set(const char *cgroup, bool frozen)
{
	for (size_t i = 0; i < 2; i++) {
		cleanup_free char *path = NULL;
		const char *value = i == 0 ? (frozen ? "1" : "0") : (frozen ? "FROZEN" : "THAWED");

		if (asprintf(&path, "%s/%s", cgroup, freezer_files[i]) < 0)
			return out_of_memory();
		if (access(path, F_OK) == 0)
			return write_file_at(AT_FDCWD, path, value, strlen(value));
	}
	return with_hint(fail("%s is no cgroup with a freezer", cgroup),
			 "Give --freeze-cgroup a directory that has cgroup.freeze or freezer.state.");
}

/* Is everything in it at rest? */
static struct error *cgroup_settled(const char *cgroup, bool *settled)
{
	cleanup_free char *text = NULL;
	struct error *error = cgroup_read(cgroup, "cgroup.events", &text);

	if (!error) {
		*settled = strstr(text, "frozen 1") != NULL;
		return NULL;
	}
	error_free(error);
	TRY(cgroup_read(cgroup, "freezer.state", &text));
	*settled = !strncmp(text, "FROZEN", 6);
	return NULL;
}

static struct error *cgroup_freeze(struct freezing *freezing)
{
	bool settled;

	TRY(cgroup_settled(freezing->cgroup, &freezing->cgroup_was_frozen));
	if (freezing->cgroup_was_frozen)
		return NULL;
	TRY(cgroup_set(freezing->cgroup, true));
	freezing->cgroup_is_frozen = true;
	for (;;) {
		TRY(cgroup_settled(freezing->cgroup, &settled));
		if (settled)
			return NULL;
		TRY(cancel_check());
		if (now_us() > freezing->deadline)
			return with_hint(fail("could not freeze the cgroup %s in time", freezing->cgroup),
					 "Raise --timeout, or look for a task in uninterruptible sleep.");
		usleep(1000);
	}
}

/* While the cgroup is frozen nothing can fork: seize all that is in it at leisure, then
 * thaw it; every thread stops at once for us instead of running on. */
static struct error *seize_frozen_cgroup(struct freezing *freezing, pid_t root)
{
	TRY(cgroup_freeze(freezing));
	TRY(add_process(freezing, root, 0));
	for (size_t i = 0; i < freezing->count; i++) {
		struct frozen *process = freezing->processes[i];
		size_t count;
		pid_t *tids;

		if (process->threads[0].state == COMPEL_DEAD)
			continue;
		TRY(list_threads(freezing, process, &tids, &count));
		for (size_t j = 0; j < count; j++)
			if (!known_thread(process, tids[j]))
				TRY(seize_thread(freezing, process, tids[j]));
		TRY(add_children(freezing, i));
	}
	TRY(cgroup_set(freezing->cgroup, false));
	freezing->cgroup_is_frozen = false;
	for (size_t i = 0; i < freezing->count; i++)
		TRY(wait_threads(freezing, freezing->processes[i], 0));
	return NULL;
}

static struct error *freeze_set(struct freezing *freezing, pid_t root)
{
	size_t seized;

	if (!freezing->cgroup)
		return freeze_all(freezing, root);
	TRY(seize_frozen_cgroup(freezing, root));
	/* Then as without a cgroup: processes of the tree may be outside of it. */
	for (seized = 0; seized < freezing->count; seized++) {
		TRY(complete_process(freezing, freezing->processes[seized]));
		TRY(add_children(freezing, seized));
	}
	return NULL;
}

struct error *freeze_tree(struct dump *dump, pid_t root)
{
	struct freezing freezing = {
		.dump = dump,
		.cgroup = dump->criu->options->freeze_cgroup,
		.deadline = now_us() + (uint64_t)(dump->criu->options->timeout ?: STOP_SECONDS) * 1000000,
	};
	struct error *error = freeze_set(&freezing, root);

	if (!error && freezing.processes[0]->threads[0].state == COMPEL_DEAD)
		error = fail_number(ESRCH, "cannot dump process %d: it has ended", root);
	if (error) {
		cancel_never(); /* threads that were interrupted are waited for: only so do their calls begin again */
		if (freezing.cgroup_is_frozen)
			error_ignore(cgroup_set(freezing.cgroup, false), "thawing the cgroup");
		detach_frozen(&freezing);
		if (freezing.cgroup_was_frozen)
			error_ignore(cgroup_set(freezing.cgroup, true), "freezing the cgroup again");
		return error;
	}
	add_tasks(&freezing, 0, NULL);
	undo_push(&dump->undo, "thaw the tree", thaw_tree, dump);
	log_info("%zu processes are frozen", dump->snapshot->task_count);
	return NULL;
}
