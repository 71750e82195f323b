// SPDX-License-Identifier: GPL-2.0
// refused: kernel object
/* The ring of a kernel object (here a performance counter whose descriptor is closed) is not saved. */
#include "test.h"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct perf_event_attr attributes = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attributes),
					      .config = PERF_COUNT_SW_TASK_CLOCK };
	int fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	void *memory;

	if (fd < 0)
		skip("no performance counters here");
	memory = must(mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	must(close(fd));
	checkpoint();
	check_equal(((struct perf_event_mmap_page *)memory)->data_size, 4096);
	return finish();
}
