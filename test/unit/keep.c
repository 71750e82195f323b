// SPDX-License-Identifier: GPL-2.0
/* Descriptors that criu keeps while a tree is restored whose own numbers come from an image. */
#include <fcntl.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

#include "model/keep.h"
#include "tap.h"

static FdinfoEntry *descriptor(uint32_t number)
{
	static FdinfoEntry entry;

	fdinfo_entry__init(&entry);
	entry.fd = number;
	return &entry;
}

int main(void)
{
	FdinfoEntry *entries[1] = { descriptor(7) };
	struct descriptor_table table = { .entries = entries, .count = 1 };
	struct descriptor_table *tables[1] = { &table };
	struct snapshot snapshot = { .tables = tables, .table_count = 1 };
	struct restore restore = { .snapshot = &snapshot };
	int fd = dup(0), first = fd;
	time_t begin = time(NULL);

	check_no_error(keep_descriptor(&restore, &fd), "a descriptor is kept");
	check(fd > 7 && fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(first, F_GETFD) < 0, "above those of the tree");
	/* Found by fuzzing: every number up to that of the image was tried, for minutes. */
	entries[0] = descriptor(INT_MAX - 1);
	check_no_error(keep_descriptor(&restore, &fd), "an image with a huge number");
	check(fcntl(fd, F_GETFD) >= 0, "finds a gap below");
	check(time(NULL) - begin < 5, "at once");
	return tap_end();
}
