// SPDX-License-Identifier: GPL-2.0
/* eventfd: a counter. Semaphore mode is in a field of our own. */
#include <string.h>
#include <sys/eventfd.h>

#include "files/collection.h"
#include "kernel/proc/fdinfo.h"
#include "support/cleanup.h"

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	cleanup_free char *text = NULL;
	uint64_t semaphore;

	out->efd = new_message(dump->arena, eventfd_file_entry);
	TRY(fdinfo_read(fd->task->proc_fd, fd->number, &text));
	TRY(fdinfo_number(text, "eventfd-count", 16, &out->efd->counter));
	if (strstr(text, "eventfd-semaphore:")) {
		TRY(fdinfo_number(text, "eventfd-semaphore", 10, &semaphore));
		if (semaphore)
			SET(out->efd, semaphore, true);
	}
	return NULL;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	uint64_t counter = file->entry->efd->counter;

	*ret_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | (file->entry->efd->semaphore ? EFD_SEMAPHORE : 0));
	if (*ret_fd < 0)
		return fail_errno("could not create an eventfd");
	if (counter && write(*ret_fd, &counter, sizeof(counter)) != sizeof(counter))
		return fail_errno("could not set an eventfd to %llu", (unsigned long long)counter);
	return NULL;
}

const struct file_kind eventfd_kind = {
	.name = "eventfd",
	.type = FD_TYPES__EVENTFD,
	.entry = offsetof(FileEntry, efd),
	.match = { .anon_inode = "[eventfd]" },
	.dump = dump,
	.create = create,
};
