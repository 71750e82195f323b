// SPDX-License-Identifier: GPL-2.0
/*
 * Freezing: seize every thread of every process until two listings agree. A stopped
 * process cannot fork, so once all threads of all known processes are stopped and
 * nobody has an unknown child, the set is complete.
 */
#include <string.h>
#include <unistd.h>

#include "dump/freezer.h"
#include "model/context.h"
#include "dump/stages.h"
#include "kernel/proc/stat.h"
#include "kernel/proc/task.h"
#include "remote/release.h"
#include "support/cancel.h"
#include "support/log.h"
#include "support/options.h"

enum { STOP_SECONDS = 10 };

/* A process while the set still grows; becomes a struct task when it is complete. */
struct frozen {
	pid_t pid;
	struct frozen *parent; /* when it was found; NULL for the root */
	struct frozen *first_child, *last_child, *next_sibling; /* once all are found */
	struct compel_thread *threads;
	size_t count, capacity;
	bool complete; /* its threads are all stopped */
};

struct freezing {
	struct dump *dump;
	struct frozen **processes;
	size_t count, capacity;
	struct number_map numbers; /* of the processes: index */
	uint64_t deadline;  /* of --timeout, or STOP_SECONDS */
	const char *cgroup; /* --freeze-cgroup */
};

static struct error *seize_thread(struct freezing *freezing, struct frozen *process, pid_t tid)
{
	struct compel_thread *thread =
	    arena_append(freezing->dump->arena, process->threads, process->count, process->capacity);

	memset(thread, 0, sizeof(*thread));
	return with_context(compel_seize(thread, tid), "process %d", process->pid);
}

/* parent: NULL for the root. */
static struct error *add_process(struct freezing *freezing, pid_t pid, struct frozen *parent)
{
	struct frozen *process = arena_new(freezing->dump->arena, struct frozen);
	size_t known;

	if (pid == getpid())
		return with_hint(fail("cannot dump a tree that criu itself is part of"),
				 "Start criu from outside of the tree, for example from another terminal.");
	process->pid = pid;
	process->parent = parent;
	if (number_map_find(&freezing->numbers, (uint64_t)pid, &known)) /* of one that is gone */
		number_map_set(&freezing->numbers, (uint64_t)pid, freezing->count);
	else
		number_map_add(freezing->dump->arena, &freezing->numbers, (uint64_t)pid, freezing->count);
	*arena_append(freezing->dump->arena, freezing->processes, freezing->count, freezing->capacity) = process;
	return seize_thread(freezing, process, pid);
}

static bool is_dead(const struct frozen *process)
{
	return process->threads[0].state == COMPEL_DEAD;
}

/* Is it dead and not even a zombie? Who need not be reaped goes at once, however still its parent stands. */
static bool is_gone(const struct frozen *process)
{
	struct arena scratch = { 0 };
	struct proc_stat stat;
	struct error *error;
	bool gone;

	if (!is_dead(process))
		return false;
	error = proc_thread_stat_read(process->pid, process->pid, &scratch, &stat);
	gone = error || stat.state != 'Z';
	error_free(error);
	arena_free(&scratch);
	return gone;
}

static bool known_process(const struct freezing *freezing, pid_t pid)
{
	size_t index;

	return number_map_find(&freezing->numbers, (uint64_t)pid, &index) && !is_gone(freezing->processes[index]);
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
	if (is_dead(process)) {
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

	if (is_dead(process))
		return NULL;
	for (size_t i = 0; i < process->count; i++) {
		size_t count;
		pid_t *children;

		TRY(proc_children_read(process->pid, process->threads[i].tid, freezing->dump->arena, &children,
				       &count));
		for (size_t j = 0; j < count; j++)
			if (!known_process(freezing, children[j]))
				TRY(add_process(freezing, children[j], process));
	}
	return NULL;
}

static struct error *freeze_all(struct freezing *freezing, pid_t root)
{
	size_t before;

	TRY(add_process(freezing, root, NULL));
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
static void add_tasks(struct snapshot *snapshot, const struct frozen *process, struct task *parent)
{
	struct task *task = snapshot_add_task(snapshot, parent, process->pid);

	task->host_pid = process->pid;
	task->threads = arena_array(&snapshot->arena, struct thread, process->count);
	task->thread_count = process->count;
	for (size_t i = 0; i < process->count; i++) {
		task->threads[i].task = task;
		task->threads[i].tid = task->threads[i].host_tid = process->threads[i].tid;
		task->threads[i].tracee = process->threads[i];
		snapshot_add_number(snapshot, task, task->threads[i].tid);
	}
	task->state = process->threads[0].state == COMPEL_DEAD		? TASK_DEAD
		      : process->threads[0].state == COMPEL_JOB_STOPPED ? TASK_STOPPED
									: TASK_ALIVE;
	for (const struct frozen *child = process->first_child; child; child = child->next_sibling)
		add_tasks(snapshot, child, task);
}

/* Who has ended while others were being found has left its children to somebody else. */
static struct error *find_parent(struct freezing *freezing, struct frozen *process)
{
	struct arena scratch = { 0 };
	struct proc_stat stat = { 0 };
	struct error *error;
	size_t index;

	if (!process->parent || !is_dead(process->parent))
		return NULL;
	error = proc_thread_stat_read(process->pid, process->pid, &scratch, &stat);
	arena_free(&scratch);
	if (error || !number_map_find(&freezing->numbers, (uint64_t)stat.ppid, &index)) {
		error_free(error);
		return as_passing(with_hint(fail("process %d has left the tree while it was being frozen", process->pid),
					    "Try again, or dump a process that adopts what its descendants leave."));
	}
	process->parent = freezing->processes[index];
	return NULL;
}

/* The tree, of all that are not gone. */
static struct error *link_processes(struct freezing *freezing)
{
	for (size_t i = 1; i < freezing->count; i++) {
		struct frozen *process = freezing->processes[i], *parent;

		if (is_gone(process))
			continue;
		TRY(find_parent(freezing, process));
		parent = process->parent;
		*(parent->last_child ? &parent->last_child->next_sibling : &parent->first_child) = process;
		parent->last_child = process;
	}
	return NULL;
}

/* All of them have stopped first, whatever they were borrowed for has been given back, and a cgroup is frozen again: so none runs
 * that stood still before. */
static void detach_frozen(struct freezing *freezing)
{
	for (size_t i = 0; i < freezing->count; i++)
		for (size_t j = 0; j < freezing->processes[i]->count; j++)
			error_ignore(compel_prepare_all(&(struct compel_thread *){ &freezing->processes[i]->threads[j] }, 1), "thawing");
	refreeze(freezing->dump);
	for (size_t i = 0; i < freezing->count; i++)
		for (size_t j = 0; j < freezing->processes[i]->count; j++)
			error_ignore(compel_detach(&freezing->processes[i]->threads[j], false), "thawing");
}

void refreeze(struct dump *dump)
{
	if (dump->frozen_before)
		error_ignore(freezer_set(dump->frozen_before, true), "freezing the cgroup again");
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
	if (dump->frozen_before)
		error_ignore(prepare_threads(dump->snapshot), "thawing");
	refreeze(dump);
	error_ignore(release_threads(dump->snapshot, NULL, NULL), "thawing");
}

/* ---- --freeze-cgroup ---- */

/* A tree that stands still by itself cannot be asked anything. */
static struct error *check_freezer(const struct freezing *freezing, pid_t root)
{
	const char *around = freezer_around(root, freezing->dump->arena);

	if (!around || (freezing->cgroup && freezer_is_same(around, freezing->cgroup)))
		return NULL;
	return with_hint(fail("cannot dump process %d: it is in the cgroup %s, which is frozen", root, around),
			 "Thaw it, or let criu do so for the time of the dump: --freeze-cgroup %s", around);
}

static struct error *await_freezer(struct freezing *freezing)
{
	bool settled;

	for (;;) {
		TRY(freezer_is_settled(freezing->cgroup, &settled));
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
	TRY(await_freezer(freezing));
	TRY(add_process(freezing, root, NULL));
	for (size_t i = 0; i < freezing->count; i++) {
		struct frozen *process = freezing->processes[i];
		size_t count;
		pid_t *tids;

		if (is_dead(process))
			continue;
		TRY(list_threads(freezing, process, &tids, &count));
		for (size_t j = 0; j < count; j++)
			if (!known_thread(process, tids[j]))
				TRY(seize_thread(freezing, process, tids[j]));
		TRY(add_children(freezing, i));
	}
	return NULL;
}

static struct error *freeze_set(struct freezing *freezing, pid_t root)
{
	struct error *error, *thawing;
	size_t seized;

	if (!freezing->cgroup)
		return freeze_all(freezing, root);
	if (freezer_is_on(freezing->cgroup))
		freezing->dump->frozen_before = freezing->cgroup;
	TRY(freezer_set(freezing->cgroup, true));
	error = seize_frozen_cgroup(freezing, root);
	thawing = freezer_set(freezing->cgroup, false);
	if (error)
		error_ignore(thawing, "thawing the cgroup");
	TRY(error ?: thawing);
	for (size_t i = 0; i < freezing->count; i++)
		TRY(wait_threads(freezing, freezing->processes[i], 0));
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
	struct error *error = check_freezer(&freezing, root) ?: freeze_set(&freezing, root);

	if (!error)
		error = link_processes(&freezing);
	if (!error && is_dead(freezing.processes[0]))
		error = fail_number(ESRCH, "cannot dump process %d: it has ended", root);
	if (error) {
		cancel_never(); /* threads that were interrupted are waited for: only so do their calls begin again */
		detach_frozen(&freezing);
		return error;
	}
	add_tasks(dump->snapshot, freezing.processes[0], NULL);
	undo_push(&dump->undo, "thaw the tree", thaw_tree, dump);
	log_info("%zu processes are frozen", dump->snapshot->task_count);
	return NULL;
}
