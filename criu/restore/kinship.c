// SPDX-License-Identifier: GPL-2.0
#include "restore/kinship.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "files/remap.h"
#include "model/context.h"
#include "sockets/unix/maker.h"
#include "support/log.h"
#include "support/options.h"

struct planner {
	struct restore *restore;
	struct snapshot *snapshot;
	struct kin *kin;
	size_t room;	     /* elements of kin */
	pid_t *birth;	     /* session in which each task is born, by index */
	pid_t outer_session; /* the image's number of a session outside of the tree, or 0 */
	pid_t outer_group;
};

static struct kin *kin(struct planner *planner, const struct task *task)
{
	return &planner->kin[task->index];
}

static void add_before(struct planner *planner, struct task *parent, struct task *child)
{
	struct kin *k = kin(planner, parent);

	*arena_append(planner->restore->arena, k->before, k->before_count, k->before_capacity) = child;
}

static void add_after(struct planner *planner, struct task *parent, struct task *child)
{
	struct kin *k = kin(planner, parent);

	*arena_append(planner->restore->arena, k->after, k->after_count, k->after_capacity) = child;
}

static bool leads_session(const struct task *task)
{
	return task->sid == task->pid;
}

/* A process that is not in the images and only stands in for a leader that is gone. */
static struct task *add_helper(struct planner *planner, struct task *parent, pid_t pid, pid_t sid, pid_t pgid)
{
	struct task *helper = snapshot_add_task(planner->snapshot, NULL, pid);

	helper->parent = parent;
	helper->sid = sid;
	helper->pgid = pgid;
	helper->helper = true;
	helper->state = TASK_DEAD;
	planner->birth[helper->index] = sid;
	log_debug("process %d stands in for a leader that is gone", pid);
	return helper;
}

/* A number that nothing in the tree uses, for a helper whose own number does not matter. */
static pid_t spare_pid(const struct planner *planner)
{
	pid_t pid = 300;

	while (snapshot_has_pid(planner->snapshot, pid) || remap_needs_pid(planner->restore, pid) ||
	       unix_needs_pid(planner->restore, pid) || kill(pid, 0) == 0)
		pid++;
	return pid;
}

/* Does any child of this session leader need the session that its parent was born in? */
static bool needs_older_session(const struct task *task, pid_t session)
{
	for (const struct task *child = task->first_child; child; child = child->next_sibling)
		if (child->sid == session && child->sid != task->sid)
			return true;
	return false;
}

/* The child's session is neither its parent's nor its parent's older one: somebody in
 * that session bears it and ends; its parent, a subreaper meanwhile, adopts it. */
static struct error *plan_adoption(struct planner *planner, struct task *parent, struct task *child)
{
	struct task *leader = snapshot_task(planner->snapshot, child->sid);
	struct task *bearer;

	if (task_shares_table(child) || task_shares_fs(child))
		return fail("cannot restore process %d: it shares files with its parent, but another process must bear it "
			    "into session %d",
			    child->pid, child->sid);
	if (!leader) {
		bearer = leader = add_helper(planner, parent, child->sid, child->sid, child->sid);
		kin(planner, leader)->new_session = true;
		add_after(planner, parent, leader);
	} else if (leader->helper || leader->state == TASK_DEAD) {
		/* A zombie bears the child before it dies; the tree then gives it to the subreaper. */
		if (leader->parent != parent)
			return fail("cannot restore process %d: its session %d has no member that could bear it",
				    child->pid, child->sid);
		bearer = leader;
	} else {
		bearer = add_helper(planner, leader, spare_pid(planner), child->sid, leader->pgid);
		add_after(planner, leader, bearer);
	}
	if (bearer->helper) {
		bool serves = unix_serves(planner->restore, bearer);

		kin(planner, bearer)->group = bearer->pgid;
		kin(planner, bearer)->leaves_early = !serves;
		kin(planner, bearer)->leaves_later = serves;
	}
	add_after(planner, bearer, child);
	kin(planner, parent)->subreaper = true;
	planner->birth[child->index] = child->sid;
	return NULL;
}

/* What the parent's program can do for a child that shares its memory; the dump refuses the rest. */
static struct error *plan_sharer(struct planner *planner, struct task *parent, struct task *child)
{
	const TaskCoreEntry *theirs = task_leader(parent)->core->tc, *own = task_leader(child)->core->tc;

	if (own->has_loginuid != theirs->has_loginuid || own->loginuid != theirs->loginuid || own->no_terminal != theirs->no_terminal)
		return fail("cannot restore process %d: it shares its parent's memory, but not its audit user or terminal", child->pid);
	if (child->sid != parent->sid || (child->pgid != child->pid && child->pgid != parent->pgid))
		return fail("cannot restore process %d: it shares its parent's memory, but not session or group", child->pid);
	kin(planner, child)->made_last = true;
	planner->birth[child->index] = child->sid;
	return NULL;
}

static struct error *plan_birth(struct planner *planner, struct task *parent, struct task *child)
{
	pid_t older = planner->birth[parent->index];

	if (task_shares_memory(child))
		return plan_sharer(planner, parent, child);
	if (task_shares_memory(parent))
		return fail("cannot restore process %d: its parent shares memory with another process", child->pid);

	kin(planner, child)->new_session = leads_session(child);
	if (leads_session(child)) {
		if (leads_session(parent) && needs_older_session(child, older)) {
			planner->birth[child->index] = older;
			add_before(planner, parent, child);
		} else {
			planner->birth[child->index] = parent->sid;
			add_after(planner, parent, child);
		}
		return NULL;
	}
	planner->birth[child->index] = child->sid;
	if (child->sid == parent->sid)
		add_after(planner, parent, child);
	else if (leads_session(parent) && child->sid == older)
		add_before(planner, parent, child);
	else
		return plan_adoption(planner, parent, child);
	return NULL;
}

/* With --shell-job, session and group of the caller replace those outside of the tree. */
static struct error *replace_outer(struct planner *planner, size_t count)
{
	struct task *root = snapshot_root(planner->snapshot);
	bool shell_job = planner->restore->criu->options->shell_job;

	if (!snapshot_task(planner->snapshot, root->sid))
		planner->outer_session = root->sid;
	if (!snapshot_task(planner->snapshot, root->pgid))
		planner->outer_group = root->pgid;
	if ((planner->outer_session || !root->sid) && !shell_job)
		return with_hint(fail("cannot restore process %d: its session %d has its leader outside of the tree",
				      root->pid, root->sid),
				 "Use --shell-job to make it part of the session that criu is called from.");
	if (!shell_job)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct task *task = planner->snapshot->tasks[i];

		if (task->sid == planner->outer_session || !task->sid)
			task->sid = getsid(0);
		if ((task->pgid == planner->outer_group && planner->outer_group) || !task->pgid)
			task->pgid = getpgrp();
	}
	return NULL;
}

static bool exists_outside(const struct planner *planner, pid_t pgid)
{
	return planner->restore->criu->options->shell_job && pgid == getpgrp();
}

/* Who makes, joins and leaves which group. */
static struct error *plan_groups(struct planner *planner, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct task *task = planner->snapshot->tasks[i];
		struct task *leader;

		kin(planner, task)->group = task->pgid;
		if (kin(planner, task)->made_last)
			continue;
		if (task->pgid == task->pid) {
			kin(planner, task)->own_group = true;
			continue;
		}
		if (exists_outside(planner, task->pgid))
			continue;
		leader = snapshot_task(planner->snapshot, task->pgid);
		if (!leader) {
			leader = add_helper(planner, task, task->pgid, task->sid, task->pgid);
			kin(planner, leader)->leaves_later = true;
			kin(planner, leader)->own_group = true;
			kin(planner, leader)->group = task->pgid;
			add_after(planner, task, leader);
		}
		if (kin(planner, leader)->made_last)
			return fail("cannot restore process %d: the leader of its group %d shares memory with another process",
				    task->pid, task->pgid);
		if (leader->sid != task->sid)
			return fail("cannot restore process %d: its group %d is in session %d, not in %d", task->pid,
				    task->pgid, leader->sid, task->sid);
		if (leader->pgid != leader->pid) {
			kin(planner, leader)->own_group = kin(planner, leader)->moves_last = true;
			planner->restore->kinship->any_moves_last = true;
		}
	}
	return NULL;
}

struct error *kinship_plan(struct restore *restore)
{
	struct snapshot *snapshot = restore->snapshot;
	size_t count = snapshot->task_count, room = count * 3 + 1; /* at most two helpers a task */
	struct planner planner = {
		.restore = restore,
		.snapshot = snapshot,
		.kin = arena_array(restore->arena, struct kin, room),
		.birth = arena_array(restore->arena, pid_t, room),
		.room = room,
	};
	struct task *root = snapshot_root(snapshot);

	restore->kinship = arena_new(restore->arena, struct kinship);
	TRY(replace_outer(&planner, count));
	kin(&planner, root)->new_session = leads_session(root);
	planner.birth[root->index] = leads_session(root) ? getsid(0) : root->sid;
	for (size_t i = 0; i < count; i++)
		for (struct task *child = snapshot->tasks[i]->first_child; child; child = child->next_sibling)
			TRY(plan_birth(&planner, snapshot->tasks[i], child));
	TRY(plan_groups(&planner, count));
	restore->kinship->kin = planner.kin;
	restore->kinship->count = snapshot->task_count;
	return NULL;
}
