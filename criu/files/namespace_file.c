// SPDX-License-Identifier: GPL-2.0
/*
 * namespace_file: an open /proc/PID/ns/NAME. The image names the namespace by the number that the tasks in it have; at
 * restore it is opened through one of them, or through criu where only criu's own namespaces have it. What is bind-mounted
 * (as `ip netns` does) has a path and is a regular file. namespaces(7), ioctl_nsfs(2).
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board.h"
#include "files/collection.h"
#include "files/plan.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static const struct namespace_type {
	const char *name; /* below /proc/PID/ns, and in the link */
	uint32_t clone_flag;
	size_t has_offset, id_offset;
} types[] = {
#define TYPE(name, flag, field)                                                                                        \
	{                                                                                                              \
		name, flag, offsetof(TaskKobjIdsEntry, has_##field), offsetof(TaskKobjIdsEntry, field)                 \
	}
	TYPE("pid", CLONE_NEWPID, pid_ns_id),	TYPE("net", CLONE_NEWNET, net_ns_id),
	TYPE("ipc", CLONE_NEWIPC, ipc_ns_id),	TYPE("uts", CLONE_NEWUTS, uts_ns_id),
	TYPE("time", CLONE_NEWTIME, time_ns_id), TYPE("mnt", CLONE_NEWNS, mnt_ns_id),
	TYPE("user", CLONE_NEWUSER, user_ns_id), TYPE("cgroup", CLONE_NEWCGROUP, cgroup_ns_id),
#undef TYPE
};
enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

/* 0: not known. */
static uint32_t id_in(const TaskKobjIdsEntry *ids, const struct namespace_type *type)
{
	if (!ids || !*(const protobuf_c_boolean *)((const char *)ids + type->has_offset))
		return 0;
	return *(const uint32_t *)((const char *)ids + type->id_offset);
}

/* ---- dump ---- */

static bool is_in(int proc_fd, const struct namespace_type *type, ino_t inode)
{
	char path[32];
	struct stat stat;

	snprintf(path, sizeof(path), "ns/%s", type->name);
	return !fstatat(proc_fd, path, &stat, 0) && stat.st_ino == inode;
}

/* Its number, from a task that is in it or from criu itself; 0: nobody is. */
static uint32_t find_id(const struct dump *dump, const struct namespace_type *type, ino_t inode)
{
	const struct snapshot *snapshot = dump->snapshot;
	char path[32];
	struct stat stat;

	for (size_t i = 0; i < snapshot->task_count; i++)
		if (snapshot->tasks[i]->ids && is_in(snapshot->tasks[i]->proc_fd, type, inode))
			return id_in(snapshot->tasks[i]->ids, type);
	snprintf(path, sizeof(path), "/proc/self/ns/%s", type->name);
	return !fstatat(AT_FDCWD, path, &stat, 0) && stat.st_ino == inode ? id_in(dump->root_ids, type) : 0;
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	size_t length = strcspn(fd->link, ":");

	out->nsf = new_message(dump->arena, ns_file_entry);
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (strlen(types[i].name) != length || strncmp(types[i].name, fd->link, length))
			continue;
		out->nsf->ns_cflag = types[i].clone_flag;
		out->nsf->ns_id = find_id(dump, &types[i], fd->stat.st_ino);
		if (out->nsf->ns_id)
			return NULL;
		break;
	}
	return with_hint(fail("%s is a namespace that no process of the tree is in", fd->link),
			 "Close it before the dump, or mount it on a file (as ip netns does) and open that.");
}

/* ---- restore ---- */

static const struct namespace_type *type_of(const NsFileEntry *entry)
{
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (types[i].clone_flag == entry->ns_cflag)
			return &types[i];
	return NULL;
}

static const struct task *find_member(const struct restore *restore, const NsFileEntry *entry)
{
	const struct snapshot *snapshot = restore->snapshot;

	for (size_t i = 0; i < snapshot->task_count; i++)
		if (snapshot->tasks[i]->state != TASK_DEAD && id_in(snapshot->tasks[i]->ids, type_of(entry)) == entry->ns_id)
			return snapshot->tasks[i];
	return NULL;
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const NsFileEntry *entry = file->entry->nsf;
	const struct namespace_type *type = type_of(entry);

	if (!type)
		return fail("the image is damaged: a namespace of type 0x%x", entry->ns_cflag);
	if (find_member(restore, entry) || id_in(restore->snapshot->inventory->root_ids, type) == entry->ns_id)
		return NULL;
	return with_hint(fail("cannot restore a descriptor of a %s namespace that no process is in", type->name),
			 "Dump the tree without this descriptor.");
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	const NsFileEntry *entry = file->entry->nsf;
	const struct task *member = find_member(restore, entry);
	char path[48];

	if (member)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", restore->board->rows[member->index].host_pid,
			 type_of(entry)->name);
	else
		snprintf(path, sizeof(path), "/proc/self/ns/%s", type_of(entry)->name);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? fail_errno("could not open %s", path) : NULL;
}

const struct file_kind namespace_file_kind = {
	.name = "namespace_file",
	.type = FD_TYPES__NS,
	.entry = offsetof(FileEntry, nsf),
	.match = { .mode = S_IFREG, .bracketed = true },
	.dump = dump,
	.plan = plan,
	.create = create,
};
