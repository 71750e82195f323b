// SPDX-License-Identifier: GPL-2.0
#include "model/keep.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

int highest_descriptor(const struct snapshot *snapshot)
{
	int highest = 0;

	if (snapshot->number_limit) /* a newborn shall not look at the whole tree */
		return snapshot->number_limit;
	for (size_t i = 0; i < snapshot->table_count; i++) {
		const struct descriptor_table *table = snapshot->tables[i];

		if (table->count && (int)table->entries[table->count - 1]->fd >= highest)
			highest = table->entries[table->count - 1]->fd + 1;
	}
	return highest;
}

static bool in_use(const struct snapshot *snapshot, int fd)
{
	for (size_t i = 0; i < snapshot->table_count; i++) {
		const struct descriptor_table *table = snapshot->tables[i];

		for (size_t j = 0; j < table->count; j++)
			if ((int)table->entries[j]->fd == fd)
				return true;
	}
	return false;
}

struct error *keep_descriptor(struct restore *restore, int *fd)
{
	int lowest = highest_descriptor(restore->snapshot);
	struct rlimit limit = { 0 };
	int moved;

	if (*fd < 0 || *fd >= lowest)
		return NULL;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, lowest);
	/* The tables reach up to the limit: look for a gap from below. */
	if (moved < 0)
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	for (int candidate = 3; moved < 0 && candidate < lowest && (rlim_t)candidate < limit.rlim_cur; candidate++)
		if (!in_use(restore->snapshot, candidate) && fcntl(candidate, F_GETFD) < 0)
			moved = dup3(*fd, candidate, O_CLOEXEC);
	if (moved < 0)
		return with_hint(fail_errno("could not find a descriptor number that no restored process uses"),
				 "Raise the limit of open files (ulimit -n) for criu.");
	if (*fd > STDERR_FILENO) /* the standard ones stay for main */
		close(*fd);
	*fd = moved;
	return NULL;
}
