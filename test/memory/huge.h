// SPDX-License-Identifier: GPL-2.0
/* Reserved huge pages for tests. */
#pragma once

#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define HUGE_BYTES (2UL << 20)

/* Where too few are reserved, more are. Tests run side by side and a page that one gives back another may be about
 * to take: the reservation is only ever raised, to what all of them can need together. */
static inline void reserve_huge_pages(void)
{
	static const char path[] = "/proc/sys/vm/nr_hugepages";
	char text[32] = "0";
	int fd;

	if (read_text(path, text, sizeof(text)) > 0 && atoi(text) >= 64)
		return;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "64", 2) < 0)
		skip("huge pages cannot be reserved here");
	close(fd);
}
