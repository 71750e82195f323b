// SPDX-License-Identifier: GPL-2.0
// refused: performance counter
/* A performance counter cannot be saved. */
#include "test.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct perf_event_attr attributes = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attributes),
					      .config = PERF_COUNT_SW_TASK_CLOCK };
	int fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
	uint64_t count = 0;

	if (fd < 0)
		skip("no performance counters here");
	checkpoint();
	check_equal(read(fd, &count, sizeof(count)), sizeof(count));
	check(count > 0);
	return finish();
}
