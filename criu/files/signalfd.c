// SPDX-License-Identifier: GPL-2.0
/* signalfd: a mask of signals. */
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/collection.h"
#include "kernel/proc/fdinfo.h"
#include "support/cleanup.h"

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	cleanup_free char *text = NULL;

	out->sgfd = new_message(dump->arena, signalfd_entry);
	TRY(fdinfo_read(fd->fd, &text));
	return fdinfo_number(text, "sigmask", 16, &out->sgfd->sigmask);
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	uint64_t mask = file->entry->sgfd->sigmask;

	*ret_fd = syscall(SYS_signalfd4, -1, &mask, sizeof(mask), SFD_CLOEXEC);
	return *ret_fd < 0 ? fail_errno("could not create a signalfd") : NULL;
}

const struct file_kind signalfd_kind = {
	.name = "signalfd",
	.type = FD_TYPES__SIGNALFD,
	.entry = offsetof(FileEntry, sgfd),
	.match = { .anon_inode = "[signalfd]" },
	.dump = dump,
	.create = create,
};
