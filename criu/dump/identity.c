// SPDX-License-Identifier: GPL-2.0
/*
 * Identity: which address spaces, descriptor tables, file system contexts and signal
 * handlers are one and the same in several processes. kcmp(2) orders the kernel's objects,
 * so n of them are sorted into classes with n log n comparisons. The dumper itself is the
 * first member, so that class 1 never belongs to the tree.
 */
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dump/stages.h"
#include "model/verdict.h"
#include "namespaces/time.h"
#include "support/cleanup.h"

struct class
{
	pid_t member;
	uint32_t id;
};

struct classes {
	int what; /* KCMP_VM and kin */
	struct class *sorted;
	size_t count, capacity;
	uint32_t next_id;
};

/* The class of a process; new_class tells whether it is the first member. */
static struct error *classify(struct arena *arena, struct classes *classes, pid_t pid, uint32_t *id, bool *first)
{
	size_t low = 0, high = classes->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		long order = syscall(SYS_kcmp, pid, classes->sorted[middle].member, classes->what, 0, 0);

		if (order < 0)
			return with_hint(fail_errno("could not compare the kernel objects of process %d", pid),
					 "The kernel must have CONFIG_KCMP.");
		if (order == 0) {
			*id = classes->sorted[middle].id;
			*first = false;
			return NULL;
		}
		if (order == 1)
			high = middle;
		else
			low = middle + 1;
	}
	(void)arena_append(arena, classes->sorted, classes->count, classes->capacity);
	memmove(&classes->sorted[low + 1], &classes->sorted[low], (classes->count - 1 - low) * sizeof(struct class));
	classes->sorted[low] = (struct class){ pid, ++classes->next_id };
	*id = classes->next_id;
	*first = true;
	return NULL;
}

enum { CLASS_VM, CLASS_FILES, CLASS_FS, CLASS_SIGHAND, CLASS_COUNT };

struct identity {
	struct classes classes[CLASS_COUNT];
};

static const struct {
	int what;
	const char *name;
} class_kinds[CLASS_COUNT] = {
	[CLASS_VM] = { KCMP_VM, "memory" },
	[CLASS_FILES] = { KCMP_FILES, "descriptor table" },
	[CLASS_FS] = { KCMP_FS, "root and working directory" },
	[CLASS_SIGHAND] = { KCMP_SIGHAND, "signal handlers" },
};

/* Namespaces in the order in which the dumper's own get their ids. */
static const struct namespace_name {
	const char *proc_name;
	size_t has_offset, id_offset;
} namespace_names[] = {
#define NAMESPACE(name, field)                                                                                         \
	{                                                                                                              \
		name, offsetof(TaskKobjIdsEntry, has_##field), offsetof(TaskKobjIdsEntry, field)                       \
	}
	NAMESPACE("pid", pid_ns_id),   NAMESPACE("net", net_ns_id),	  NAMESPACE("ipc", ipc_ns_id),
	NAMESPACE("uts", uts_ns_id),   NAMESPACE("time", time_ns_id),	  NAMESPACE("mnt", mnt_ns_id),
	NAMESPACE("user", user_ns_id), NAMESPACE("cgroup", cgroup_ns_id),
#undef NAMESPACE
};
enum { NAMESPACE_COUNT = sizeof(namespace_names) / sizeof(namespace_names[0]) };

enum { NAMESPACE_TIME = 4 };

/* The namespaces of a process; 0 where the kernel knows no such kind. */
struct namespaces {
	ino_t inodes[NAMESPACE_COUNT];
};

static struct error *read_namespaces(int proc_fd, struct namespaces *namespaces)
{
	for (size_t i = 0; i < NAMESPACE_COUNT; i++) {
		const char *name = namespace_names[i].proc_name;
		struct stat stat = { 0 };
		char path[32];

		snprintf(path, sizeof(path), "ns/%s", name);
		if (fstatat(proc_fd, path, &stat, 0) && errno != ENOENT)
			return fail_errno("could not examine the %s namespace", name);
		namespaces->inodes[i] = stat.st_ino;
	}
	return NULL;
}

struct error *identity_prepare(struct dump *dump)
{
	cleanup_close int own_proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (own_proc < 0)
		return fail_errno("could not open /proc/self");
	dump->own_namespaces = arena_new(dump->arena, struct namespaces);
	return read_namespaces(own_proc, dump->own_namespaces);
}

/* Every namespace must be the dumper's own until namespaces can be saved, or that of the root if it is one of
 * time, which is nothing but the clocks' offsets. */
static struct error *check_namespaces(const struct task *task, const struct namespaces *theirs,
				      const struct namespaces *expected)
{
	for (size_t i = 0; i < NAMESPACE_COUNT; i++)
		if (theirs->inodes[i] != expected->inodes[i])
			return with_hint(fail("cannot save process %d: it is in a %s namespace of its own", task->pid,
					      namespace_names[i].proc_name),
					 "Dump processes that share the namespaces of criu, or run criu inside them "
					 "(nsenter).");
	return NULL;
}

/* A task whose children will live in another time namespace than itself. */
static struct error *check_time_of_children(const struct task *task, const struct namespaces *expected)
{
	struct stat stat;

	if (fstatat(task->proc_fd, "ns/time_for_children", &stat, 0) ||
	    stat.st_ino == expected->inodes[NAMESPACE_TIME])
		return NULL;
	return with_hint(fail("cannot save process %d: its children will be born into another time namespace", task->pid),
			 "Dump it after it has forked, or start it by `unshare --time --fork`.");
}

static void set_namespace_ids(TaskKobjIdsEntry *ids, const struct namespaces *own, const struct namespaces *theirs)
{
	for (size_t i = 0; i < NAMESPACE_COUNT; i++) {
		const struct namespace_name *name = &namespace_names[i];

		if (!own->inodes[i])
			continue;
		*(protobuf_c_boolean *)((char *)ids + name->has_offset) = true;
		*(uint32_t *)((char *)ids + name->id_offset) =
		    theirs->inodes[i] == own->inodes[i] ? i + 1 : NAMESPACE_COUNT + i + 1;
	}
}

static struct error *not_with_parent(const struct task *task, int class)
{
	return with_hint(fail("cannot save process %d: it shares its %s with a process that is not its parent",
			      task->pid, class_kinds[class].name),
			 "Only what is shared between parent and child can be restored.");
}

/* Two threads that left their process together: which of them made the other is not to be seen. */
static struct error *check_alone(const struct task *task, size_t index)
{
	for (size_t i = 1; i < index; i++)
		if (task->threads[i].own_directories && !syscall(SYS_kcmp, task->threads[i].host_tid,
								 task->threads[index].host_tid, KCMP_FS, 0, 0))
			return with_hint(fail("cannot save process %d: its threads %d and %d share root and working "
					      "directory with each other only",
					      task->pid, task->threads[i].tid, task->threads[index].tid),
					 "Threads that have called unshare can be saved if each has its own.");
	return NULL;
}

/* Threads have one descriptor table and one file system context, unless they called unshare. */
static struct error *identify_threads(const struct task *task)
{
	for (size_t i = 1; i < task->thread_count; i++) {
		struct thread *thread = &task->threads[i];

		if (syscall(SYS_kcmp, task->host_pid, thread->host_tid, KCMP_FILES, 0, 0))
			return with_hint(fail("cannot save process %d: its thread %d has a %s of its own", task->pid,
					      thread->tid, class_kinds[CLASS_FILES].name),
					 "Threads that have called unshare(CLONE_FILES) cannot be saved.");
		thread->own_directories = syscall(SYS_kcmp, task->host_pid, thread->host_tid, KCMP_FS, 0, 0) != 0;
		if (thread->own_directories)
			TRY(check_alone(task, i));
	}
	return NULL;
}

static struct error *cannot_share(const struct task *task, const char *what)
{
	return with_hint(fail("cannot save process %d: it shares its memory with another process, and %s", task->pid, what),
			 "Wait until the process has called execve, or start it without CLONE_VM.");
}

/* A process that shares its parent's memory is made by the parent's last code, which can do less than a newborn. */
static struct error *check_sharer(struct dump *dump, const struct task *task)
{
	const struct task *leader = snapshot_task(dump->snapshot, task->pgid);

	if (task->parent && task_shares_memory(task->parent) && !task_shares_memory(task))
		return cannot_share(task->parent, "has a child with memory of its own");
	if (leader && leader != task && leader != task->parent && task_shares_memory(leader))
		return cannot_share(leader, "leads a group with others in it");
	if (!task_shares_memory(task))
		return NULL;
	if (task->sid != task->parent->sid)
		return cannot_share(task, "has another session than its parent");
	if (task->pgid != task->pid && task->pgid != task->parent->pgid)
		return cannot_share(task, "has joined another group than its parent's");
	for (size_t i = 1; i < task->thread_count; i++)
		if (task->threads[i].own_directories)
			return cannot_share(task, "has a thread with directories of its own");
	return NULL;
}

static struct error *identify_task(struct dump *dump, struct identity *identity, struct task *task)
{
	uint32_t ids[CLASS_COUNT];
	bool first_fs = true, first_vm = true;

	for (int i = 0; i < CLASS_COUNT; i++) {
		bool first;

		TRY(classify(dump->arena, &identity->classes[i], task->host_pid, &ids[i], &first));
		if (i == CLASS_FS)
			first_fs = first;
		if (i == CLASS_VM)
			first_vm = first;
	}
	task->ids = new_message(dump->arena, task_kobj_ids_entry);
	task->ids->vm_id = ids[CLASS_VM];
	task->ids->files_id = ids[CLASS_FILES];
	task->ids->fs_id = ids[CLASS_FS];
	task->ids->sighand_id = ids[CLASS_SIGHAND];
	task->table = snapshot_table(dump->snapshot, ids[CLASS_FILES]);
	if (!task->table)
		task->table = snapshot_add_table(dump->snapshot, ids[CLASS_FILES], task);
	else if (!task_shares_table(task))
		return not_with_parent(task, CLASS_FILES);
	if (!first_fs && !task_shares_fs(task))
		return not_with_parent(task, CLASS_FS);
	if (!first_vm && !task_shares_memory(task))
		return not_with_parent(task, CLASS_VM);
	return identify_threads(task) ?: check_sharer(dump, task);
}

/* Without an identity nothing more can be asked about it. */
static struct error *identify_or_note(struct dump *dump, struct identity *identity, struct task *task)
{
	size_t mark = verdict_mark(dump);

	TRY(verdict(dump, mark, identify_task(dump, identity, task), NULL));
	if (verdict_mark(dump) != mark)
		dump->verdicts->incomplete = true;
	return NULL;
}

struct error *identify_tasks(struct dump *dump)
{
	const struct namespaces *own = dump->own_namespaces;
	struct namespaces expected = *own, theirs;
	struct identity identity = { 0 };

	dump->root_ids = new_message(dump->arena, task_kobj_ids_entry);
	dump->root_ids->vm_id = dump->root_ids->files_id = dump->root_ids->fs_id = dump->root_ids->sighand_id = 1;
	set_namespace_ids(dump->root_ids, own, own);
	for (int i = 0; i < CLASS_COUNT; i++) {
		uint32_t id;
		bool first;

		identity.classes[i].what = class_kinds[i].what;
		TRY(classify(dump->arena, &identity.classes[i], getpid(), &id, &first));
	}
	for (size_t i = 0; i < dump->snapshot->task_count; i++) {
		struct task *task = dump->snapshot->tasks[i];

		if (task->state == TASK_DEAD) {
			TRY(verdict(dump, verdict_mark(dump), check_sharer(dump, task), NULL));
			continue;
		}
		TRY(identify_or_note(dump, &identity, task));
		if (!task->ids)
			continue;
		TRY(read_namespaces(task->proc_fd, &theirs));
		if (task == snapshot_root(dump->snapshot))
			expected.inodes[NAMESPACE_TIME] = theirs.inodes[NAMESPACE_TIME];
		TRY(verdict(dump, verdict_mark(dump), check_namespaces(task, &theirs, &expected), NULL));
		TRY(verdict(dump, verdict_mark(dump), check_time_of_children(task, &expected), NULL));
		set_namespace_ids(task->ids, own, &expected);
	}
	return clocks_collect(dump, own->inodes[NAMESPACE_TIME] == expected.inodes[NAMESPACE_TIME]);
}
