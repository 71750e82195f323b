// SPDX-License-Identifier: GPL-2.0
/*
 * Reading: the inventory first, then the tree, then each task's images. All that can be
 * wrong with the shape of an image set is found here, before anything is touched.
 */
#include <stdlib.h>

#include "arch/arch.h"
#include "arch/capability.h"
#include "model/context.h"
#include "files/files.h"
#include "image/checksums.h"
#include "image/inventory.h"
#include "image/record.h"
#include "namespaces/time.h"
#include "restore/stages.h"
#include "support/log.h"
#include "support/options.h"

enum { MAX_PID = 1 << 22 };

static struct error *read_one(struct restore *restore, enum image_id id, uint64_t key, void *message)
{
	return image_read_one(restore->criu->images, id, key, restore->arena, message);
}

/* ---- the tree ---- */

static struct error *check_number(uint32_t number, const char *what)
{
	if (number == 0 || number > MAX_PID)
		return fail("the image is damaged: pstree.img has the %s %u", what, number);
	return NULL;
}

/* The thread of a zombie is written as 0, or, by 3.17.1, as whatever number. */
static struct error *correct_thread(struct restore *restore, const PstreeEntry *entry)
{
	const CoreEntry *core;

	TRY(read_one(restore, IMAGE_CORE, entry->pid, &core));
	if (core->tc && core->tc->task_state == TASK_DEAD)
		entry->threads[0] = entry->pid;
	return NULL;
}

static struct error *add_task(struct restore *restore, const PstreeEntry *entry)
{
	struct snapshot *snapshot = restore->snapshot;
	struct task *parent = NULL, *task;

	TRY(check_number(entry->pid, "process"));
	if (snapshot_has_pid(snapshot, entry->pid))
		return fail("the image is damaged: process %u is there twice", entry->pid);
	if (entry->ppid) {
		parent = snapshot_task(snapshot, entry->ppid);
		if (!parent)
			return fail("the image is damaged: process %u has an unknown parent %u", entry->pid,
				    entry->ppid);
	} else if (snapshot->task_count) {
		return fail("the image is damaged: pstree.img has two roots");
	}
	if (entry->n_threads == 1 && entry->threads[0] != entry->pid)
		TRY(correct_thread(restore, entry));
	if (!entry->n_threads || entry->threads[0] != entry->pid)
		return fail("the image is damaged: the first thread of process %u is not its leader", entry->pid);
	if (entry->sid > MAX_PID || entry->pgid > MAX_PID)
		return fail("the image is damaged: session or group of process %u", entry->pid);
	task = snapshot_add_task(snapshot, parent, entry->pid);
	task->sid = entry->sid;
	task->pgid = entry->pgid;
	task->threads = arena_array(restore->arena, struct thread, entry->n_threads);
	for (size_t i = 0; i < entry->n_threads; i++) {
		TRY(check_number(entry->threads[i], "thread"));
		if (i && snapshot_has_pid(snapshot, entry->threads[i]))
			return fail("the image is damaged: thread %u is there twice", entry->threads[i]);
		task->threads[i].task = task;
		task->threads[i].tid = entry->threads[i];
		task->thread_count = i + 1;
		snapshot_add_number(snapshot, task, entry->threads[i]);
	}
	return NULL;
}

static struct error *read_tree(struct restore *restore)
{
	ProtobufCMessage **entries;
	size_t count;

	TRY(image_read_all(restore->criu->images, IMAGE_PSTREE, 0, restore->arena, &entries, &count));
	if (!count)
		return with_hint(fail("there is no process tree in %s", restore->criu->images->path),
				 "Name the directory of a finished dump with --images-dir.");
	for (size_t i = 0; i < count; i++)
		TRY(add_task(restore, (const PstreeEntry *)entries[i]));
	return NULL;
}

/* ---- one task ---- */

static struct error *check_leader_core(struct task *task, const CoreEntry *core)
{
	if (!core->tc)
		return fail("the image is damaged: core of process %d without its task part", task->pid);
	if (core->tc->task_state != TASK_ALIVE && core->tc->task_state != TASK_DEAD &&
	    core->tc->task_state != TASK_STOPPED)
		return fail("the image is damaged: process %d is in state %u", task->pid, core->tc->task_state);
	if (core->tc->exit_signal > 64)
		return fail("the image is damaged: process %d ends with signal %u", task->pid, core->tc->exit_signal);
	task->state = core->tc->task_state;
	if (task->state == TASK_DEAD && task->thread_count > 1)
		return fail("the image is damaged: zombie %d has threads", task->pid);
	return NULL;
}

static struct error *read_core(struct restore *restore, struct thread *thread)
{
	struct task *task = thread->task;
	CoreEntry *core;

	TRY(read_one(restore, IMAGE_CORE, thread->tid, &core));
	thread->core = core;
	if (thread == task_leader(task))
		TRY(check_leader_core(task, core));
	else if (core->tc || core->ids)
		return fail("the image is damaged: thread %d has a task part", thread->tid);
	if (task->state == TASK_DEAD)
		return NULL;
	if (!core->thread_core)
		return fail("the image is damaged: core of thread %d without its thread part", thread->tid);
	/* The place of the mask before every thread had one of its own. */
	if (thread == task_leader(task) && !core->thread_core->has_blk_sigset)
		SET(core->thread_core, blk_sigset, core->tc->blk_sigset);
	return arch_check_core(core);
}

static struct error *check_ids(const struct restore *restore, const struct task *task)
{
	const TaskKobjIdsEntry *root = restore->snapshot->inventory->root_ids;
	const TaskKobjIdsEntry *ids = task->ids;

#define SAME(field) (!ids->has_##field || !root->has_##field || ids->field == root->field)
	if (SAME(pid_ns_id) && SAME(net_ns_id) && SAME(ipc_ns_id) && SAME(uts_ns_id) && SAME(mnt_ns_id) &&
	    SAME(user_ns_id))
		return NULL;
#undef SAME
	return with_hint(fail("cannot restore process %d: it was in namespaces of its own", task->pid),
			 "Images of processes with own namespaces are not supported yet.");
}

/* Who shares root and working directory must share them with the parent. */
static struct error *check_fs_sharing(const struct restore *restore, const struct task *task)
{
	if (task_shares_fs(task))
		return NULL;
	for (size_t i = 0; i < task->index; i++) {
		const struct task *other = restore->snapshot->tasks[i];

		if (other->ids && other->ids->fs_id == task->ids->fs_id)
			return fail("the image is damaged: process %d shares its directories with process %d, "
				    "which is not its parent",
				    task->pid, other->pid);
	}
	return NULL;
}

static struct error *read_ids(struct restore *restore, struct task *task)
{
	CoreEntry *core = task_leader(task)->core;

	if (core->ids)
		task->ids = core->ids;
	else
		TRY(read_one(restore, IMAGE_IDS, task->pid, &task->ids));
	if (task == snapshot_root(restore->snapshot) &&
	    task->ids->files_id == restore->snapshot->inventory->root_ids->files_id)
		return fail("the image is damaged: the root has the descriptor table of the dumping process");
	TRY(check_ids(restore, task));
	task->table = snapshot_table(restore->snapshot, task->ids->files_id);
	if (!task->table)
		task->table = snapshot_add_table(restore->snapshot, task->ids->files_id, task);
	else if (!task_shares_table(task))
		return fail("the image is damaged: process %d shares its descriptor table with process %d, "
			    "which is not its parent",
			    task->pid, task->table->owner->pid);
	return check_fs_sharing(restore, task);
}

static struct error *add_sharer(struct restore *restore, struct task *task)
{
	struct task *owner = task_memory_owner(task);

	if (arch_core_is_compat(task_leader(task)->core) != arch_core_is_compat(task_leader(owner)->core))
		return fail("the image is damaged: process %d is a 32-bit one and shares its memory with one that is not", task->pid);
	task->mm = owner->mm;
	*arena_append(restore->arena, owner->sharers, owner->sharer_count, owner->sharer_capacity) = task;
	return NULL;
}

static struct error *read_task(struct restore *restore, struct task *task)
{
	for (size_t i = 0; i < task->thread_count; i++)
		TRY(read_core(restore, &task->threads[i]));
	if (task->state == TASK_DEAD)
		return NULL;
	TRY(read_ids(restore, task));
	if (task_shares_memory(task))
		TRY(add_sharer(restore, task));
	else
		TRY(read_one(restore, IMAGE_MM, task->pid, &task->mm));
	return read_one(restore, IMAGE_FS, task->pid, &task->fs);
}

/* Absent: no filters. */
static struct error *read_seccomp(struct restore *restore)
{
	ProtobufCMessage **entries;
	size_t count;

	TRY(image_read_all(restore->criu->images, IMAGE_SECCOMP, 0, restore->arena, &entries, &count));
	restore->snapshot->seccomp = count ? (SeccompEntry *)entries[0] : NULL;
	return NULL;
}

/* Without cpuinfo.img the registers themselves tell what they need (arch_check_core). */
static struct error *check_processor(struct restore *restore)
{
	ProtobufCMessage **entries;
	unsigned mode;
	size_t count;

	TRY(cpu_capability_parse(restore->criu->options->cpu_cap, CPU_CHECK_FPU | CPU_CHECK_INSTRUCTIONS, &mode));
	TRY(image_read_all(restore->criu->images, IMAGE_CPUINFO, 0, restore->arena, &entries, &count));
	return count ? arch_cpuinfo_check((CpuinfoEntry *)entries[0], arch_cpuinfo(restore->arena), mode) : NULL;
}

/* Absent: the clocks of this machine will do. */
static struct error *read_clocks(struct restore *restore)
{
	const TaskKobjIdsEntry *own = restore->snapshot->inventory->root_ids;
	const TaskKobjIdsEntry *root = snapshot_root(restore->snapshot)->ids;
	bool apart = root && root->time_ns_id != own->time_ns_id;
	ProtobufCMessage **entries;
	size_t count;

	TRY(image_read_all(restore->criu->images, IMAGE_TIMENS, apart ? root->time_ns_id : 0, restore->arena, &entries,
			   &count));
	if (!count)
		return apart ? fail("the image is damaged: the clocks of the tree are missing") : NULL;
	restore->snapshot->clocks = (TimensEntry *)entries[0];
	return clocks_check(restore->snapshot->clocks);
}

struct error *read_images(struct restore *restore)
{
	struct snapshot *snapshot = restore->snapshot;

	TRY(read_one(restore, IMAGE_INVENTORY, 0, &snapshot->inventory));
	TRY(inventory_check(snapshot->inventory, restore->criu->options->tcp_close,
			    restore->criu->options->allow_uprobes));
	TRY(checksums_check_sizes(restore->criu->images));
	TRY(check_processor(restore));
	TRY(read_tree(restore));
	TRY(read_seccomp(restore));
	for (size_t i = 0; i < snapshot->task_count; i++)
		TRY(read_task(restore, snapshot->tasks[i]));
	TRY(read_clocks(restore));
	return files_read(restore);
}
