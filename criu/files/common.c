// SPDX-License-Identifier: GPL-2.0
/* common: what every open file has: flags, position, and who gets its signals. fcntl(2). */
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/plan.h"
#include "remote/batch.h"
#include "support/log.h"

#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

ProtobufCMessage *file_entry_message(const struct file_kind *kind, const FileEntry *entry)
{
	return *(ProtobufCMessage *const *)((const char *)entry + kind->entry);
}

static void *field(ProtobufCMessage *message, const char *name)
{
	const ProtobufCFieldDescriptor *descriptor =
	    protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

	return descriptor ? (char *)message + descriptor->offset : NULL;
}

static bool is_group(const struct snapshot *snapshot, uint32_t pgid)
{
	for (size_t i = 0; i < snapshot->task_count; i++)
		if (snapshot->tasks[i]->pgid == (pid_t)pgid)
			return true;
	return false;
}

static bool is_of_tree(const struct snapshot *snapshot, uint32_t type, uint32_t pid)
{
	return type == F_OWNER_PGRP ? is_group(snapshot, pid) : snapshot_has_pid(snapshot, pid);
}

static struct error *check_owner(struct dump *dump, const struct open_fd *fd, const FownEntry *owner)
{
	if (!owner->pid || is_of_tree(dump->snapshot, owner->pid_type, owner->pid))
		return NULL;
	return with_hint(fail("%s sends its signals to %s %u outside of the tree (F_SETOWN)", fd->link,
			      owner->pid_type == F_OWNER_PGRP ? "process group" : "process", owner->pid),
			 "Dump both together, or let the program set another owner.");
}

struct error *common_dump_owner(struct dump *dump, const struct open_fd *file, FownEntry **out)
{
	FownEntry *entry = new_message(dump->arena, fown_entry);
	struct f_owner_ex owner;
	uint32_t uids[2];
	int signum, fd = file->fd;

	*out = entry;
	if (file->unowned)
		return NULL;
	/* Descriptors opened with O_PATH have no owner. */
	if (fcntl(fd, F_GETOWN_EX, &owner) < 0)
		return errno == EBADF ? NULL : fail_errno("could not read the owner");
	if (owner.pid == 0)
		return NULL;
	signum = fcntl(fd, F_GETSIG);
	if (signum < 0 || fcntl(fd, F_GETOWNER_UIDS, uids) < 0)
		return fail_errno("could not read the owner's signal");
	entry->pid = owner.pid;
	entry->pid_type = owner.type;
	entry->signum = signum;
	entry->uid = uids[0];
	entry->euid = uids[1];
	return check_owner(dump, file, entry);
}

struct error *common_dump(struct dump *dump, const struct file_kind *kind, const struct open_fd *fd, FileEntry *entry)
{
	ProtobufCMessage *message = file_entry_message(kind, entry);
	uint32_t *id = field(message, "id"), *flags = field(message, "flags");
	FownEntry **owner = field(message, "fown");

	if (id)
		*id = fd->id;
	if (flags)
		*flags = fd->flags;
	if (owner)
		TRY(common_dump_owner(dump, fd, owner));
	return NULL;
}

/* The message with flags and owner: of a FIFO, that of its path. */
static ProtobufCMessage *described_by(const struct restore *restore, const struct planned_file *file)
{
	if (file->entry->type == FD_TYPES__FIFO)
		return &planned_file_find(restore, file->entry->fifo->regf_id, FD_TYPES__REG)->entry->reg->base;
	return file_entry_message(file->kind, file->entry);
}

static const FownEntry *owner_of(const struct restore *restore, const struct planned_file *file)
{
	FownEntry **owner = field(described_by(restore, file), "fown");

	return owner && *owner && (*owner)->pid ? *owner : NULL;
}

/* A thread, or a process that shares the memory of another, is not there before the other is complete. */
static bool comes_late(const struct restore *restore, const FownEntry *owner)
{
	const struct task *task = snapshot_task(restore->snapshot, owner->pid);

	return task ? task_shares_memory(task) : owner->pid_type == F_OWNER_TID;
}

struct error *common_plan(struct restore *restore, struct planned_file *file)
{
	const FownEntry *owner = owner_of(restore, file);

	if (!owner)
		return NULL;
	if (owner->pid_type > F_OWNER_PGRP)
		return fail("the image is damaged: owner of type %u", owner->pid_type);
	if (comes_late(restore, owner))
		file->finish_copy = true;
	return NULL;
}

static bool has(const struct descriptor_table *table, const struct planned_file *file)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->entries[i]->id == file->entry->id)
			return true;
	return false;
}

/* That of the process that gets the signal, if it has the file. */
static const struct descriptor_table *table_of(const struct restore *restore, const struct planned_file *file)
{
	const FownEntry *owner = owner_of(restore, file);
	const struct task *task = owner ? snapshot_task(restore->snapshot, owner->pid) : NULL;

	if (task && task->table && has(task->table, file))
		return task->table;
	for (size_t i = 0; i < restore->snapshot->table_count; i++)
		if (has(restore->snapshot->tables[i], file))
			return restore->snapshot->tables[i];
	return NULL;
}

void common_plan_late(struct restore *restore, struct planned_file *file)
{
	const uint32_t *flags = field(described_by(restore, file), "flags");

	if (flags && *flags & O_ASYNC && !(*flags & O_PATH))
		file->async = table_of(restore, file);
}

void common_emit_async(const struct restore *restore, const struct planned_file *file, const struct descriptor_table *table,
		       int number, struct batch *program)
{
	const uint32_t *flags = field(described_by(restore, file), "flags");

	if (file->async == table && !file->inherited)
		batch_call(program, "O_ASYNC", SYS_fcntl, number, F_SETFL, *flags);
}

struct error *common_adopt(const struct planned_file *file, const struct task *task, int number)
{
	int flags;

	if (!file->async || file->async != task->table || file->inherited)
		return NULL;
	flags = fcntl(number, F_GETFL);
	if (flags < 0 || (!(flags & O_ASYNC) && fcntl(number, F_SETFL, flags | O_ASYNC)))
		return fail_errno("could not set O_ASYNC");
	return NULL;
}

/* This thread only: the C library would change all. The kernel takes a change of user for a reason to reset what
 * else depends on it, prctl(2). */
static struct error *set_owner_as(const FownEntry *owner, int fd, const struct f_owner_ex *wanted)
{
	uid_t uid = getuid(), euid = geteuid();
	int dumpable = prctl(PR_GET_DUMPABLE), death_signal = 0, result, reason;

	prctl(PR_GET_PDEATHSIG, &death_signal);
	if (syscall(SYS_setresuid, owner->uid, owner->euid, -1))
		return fail_errno("could not become user %u to set the owner of a file", owner->uid);
	result = fcntl(fd, F_SETOWN_EX, wanted);
	reason = errno;
	if (syscall(SYS_setresuid, uid, euid, -1))
		return fail_errno("could not become user %u again", uid);
	prctl(PR_SET_DUMPABLE, dumpable);
	prctl(PR_SET_PDEATHSIG, death_signal);
	return result ? fail_number(reason, "could not set the owner (%u)", owner->pid) : NULL;
}

/* The kernel notes who sets the owner, and asks before each signal whether that user may send it. */
static struct error *set_owner(const FownEntry *owner, int fd)
{
	struct f_owner_ex wanted = { .type = owner->pid_type, .pid = owner->pid };

	if (fcntl(fd, F_SETSIG, owner->signum))
		return fail_errno("could not set the signal of a file");
	if (owner->uid != getuid() || owner->euid != geteuid())
		return set_owner_as(owner, fd, &wanted);
	return fcntl(fd, F_SETOWN_EX, &wanted) ? fail_errno("could not set the owner (%u)", owner->pid) : NULL;
}

static struct error *restore_owner(const struct restore *restore, const struct planned_file *file, int fd)
{
	const FownEntry *owner = owner_of(restore, file);

	if (!owner || comes_late(restore, owner))
		return NULL;
	if (is_of_tree(restore->snapshot, owner->pid_type, owner->pid))
		return set_owner(owner, fd);
	log_warning("file %u sent its signals to process %u outside of the tree, now to nobody", file->entry->id,
		    owner->pid);
	return NULL;
}

struct error *common_restore(struct restore *restore, const struct planned_file *file, int fd)
{
	const int settable = O_APPEND | O_DIRECT | O_NOATIME | O_NONBLOCK | (file->async ? 0 : O_ASYNC);
	const uint32_t *flags = field(described_by(restore, file), "flags");
	int now;

	if (file->inherited || !flags || *flags & O_PATH)
		return NULL;
	TRY(restore_owner(restore, file, fd));
	now = fcntl(fd, F_GETFL);
	if (now < 0)
		return fail_errno("could not read file flags");
	if ((now & settable) != (int)(*flags & settable) && fcntl(fd, F_SETFL, (now & ~settable) | (*flags & settable)))
		return fail_errno("could not set the flags 0x%x", *flags);
	return NULL;
}

struct error *common_finish(const struct restore *restore, const struct planned_file *file, int fd)
{
	const FownEntry *owner = owner_of(restore, file);

	return owner && comes_late(restore, owner) && snapshot_has_pid(restore->snapshot, owner->pid)
		   ? set_owner(owner, fd)
		   : NULL;
}
