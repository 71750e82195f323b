// SPDX-License-Identifier: GPL-2.0
/* eventfd: a counter. Semaphore mode is in a field of our own; fdinfo tells it since Linux 6.5. */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "files/collection.h"
#include "kernel/proc/fdinfo.h"
#include "support/cleanup.h"

static struct error *add(int fd, uint64_t number)
{
	if (number && write(fd, &number, sizeof(number)) != sizeof(number))
		return fail_errno("could not write to an eventfd");
	return NULL;
}

/* Older kernels show it by what a read takes only: one, or all that is there, which must be two at least
 * to see the difference. Then the counter is put back. */
static struct error *try_semaphore(int fd, uint64_t counter, bool *semaphore)
{
	uint64_t most = counter < 2 ? 2 : counter, taken, rest;

	TRY(add(fd, most - counter));
	if (read(fd, &taken, sizeof(taken)) != sizeof(taken))
		return fail_errno("could not read an eventfd");
	*semaphore = taken == 1;
	rest = most - taken;
	if (rest > counter && read(fd, &taken, sizeof(taken)) != sizeof(taken))
		return fail_errno("could not read an eventfd");
	return rest < counter ? add(fd, counter - rest) : NULL;
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	const char *text = fd->info; /* was needed for telling it from others */
	uint64_t number;
	bool semaphore = false;

	out->efd = new_message(dump->arena, eventfd_file_entry);
	TRY(fdinfo_number(text, "eventfd-count", 16, &out->efd->counter));
	if (strstr(text, "eventfd-semaphore:")) {
		TRY(fdinfo_number(text, "eventfd-semaphore", 10, &number));
		semaphore = number;
	} else {
		TRY(try_semaphore(fd->fd, out->efd->counter, &semaphore));
	}
	if (semaphore)
		SET(out->efd, semaphore, true);
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
