// SPDX-License-Identifier: GPL-2.0
/* The kernel's worker threads, which show among those of the process for a while after they have worked. */
#include "ring.h"

#include <dirent.h>

static int count_threads(void)
{
	DIR *directory = opendir("/proc/self/task");
	int count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2;
}

int main(void)
{
	struct ring ring;

	ring_open(&ring, 4, 0, 0);
	for (int i = 0; i < 4; i++)
		ring_request(&ring, IORING_OP_NOP, -1, 1)->flags = IOSQE_ASYNC;
	check_equal(ring_enter(&ring, 4, 4), 4);
	for (int i = 0; i < 4; i++)
		check_equal(ring_take(&ring, 1), 0);
	check(count_threads() > 1);
	checkpoint();

	ring_request(&ring, IORING_OP_NOP, -1, 1)->flags = IOSQE_ASYNC;
	check_equal(ring_enter(&ring, 1, 1), 1);
	check_equal(ring_take(&ring, 1), 0);
	return finish();
}
