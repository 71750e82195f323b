// SPDX-License-Identifier: GPL-2.0
/* An event counter in semaphore mode: a read takes one, not everything. */
#include "test.h"

#include <sys/eventfd.h>

int main(void)
{
	int fd = must(eventfd(3, EFD_SEMAPHORE));
	eventfd_t value = 0;

	checkpoint();
	check(eventfd_read(fd, &value) == 0 && value == 1);
	check(eventfd_read(fd, &value) == 0 && value == 1);
	return finish();
}
