// SPDX-License-Identifier: GPL-2.0
/* common: what every open file has: flags, position, and who gets its signals. fcntl(2). */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "files/collection.h"

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

static struct error *dump_owner(struct dump *dump, const struct open_fd *file, FownEntry **out)
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
	return NULL;
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
		TRY(dump_owner(dump, fd, owner));
	return NULL;
}

static struct error *restore_owner(const FownEntry *owner, int fd)
{
	struct f_owner_ex wanted = { .type = owner->pid_type, .pid = owner->pid };

	if (!owner->pid)
		return NULL;
	if (fcntl(fd, F_SETSIG, owner->signum) || fcntl(fd, F_SETOWN_EX, &wanted))
		return fail_errno("could not set the owner (%u)", owner->pid);
	return NULL;
}

struct error *common_restore(struct restore *restore, const struct planned_file *file, int fd)
{
	ProtobufCMessage *message = file_entry_message(file->kind, file->entry);
	const int settable = O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK;
	uint32_t *flags = field(message, "flags");
	FownEntry **owner = field(message, "fown");

	if (file->inherited)
		return NULL;
	if (flags && !(*flags & O_PATH)) {
		int now = fcntl(fd, F_GETFL);

		if (owner && *owner)
			TRY(restore_owner(*owner, fd));
		if (now < 0)
			return fail_errno("could not read file flags");
		if ((now & settable) != (int)(*flags & settable) &&
		    fcntl(fd, F_SETFL, (now & ~settable) | (*flags & settable)))
			return fail_errno("could not set the flags 0x%x", *flags);
	}
	return NULL;
}
