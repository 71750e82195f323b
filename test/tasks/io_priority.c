// SPDX-License-Identifier: GPL-2.0
/* I/O priority: class and level, or none of its own. */
#include "test.h"

#include <sys/syscall.h>
#include <unistd.h>

enum { WHO_PROCESS = 1, IDLE = 3 << 13, BEST_EFFORT_6 = 2 << 13 | 6 };

static void child(void)
{
	must(syscall(SYS_ioprio_set, WHO_PROCESS, 0, IDLE));
	checkpoint();
	check_equal(syscall(SYS_ioprio_get, WHO_PROCESS, 0), IDLE);
}

int main(void)
{
	participant(child);
	must(syscall(SYS_ioprio_set, WHO_PROCESS, 0, BEST_EFFORT_6));
	checkpoint();
	check_equal(syscall(SYS_ioprio_get, WHO_PROCESS, 0), BEST_EFFORT_6);
	return finish();
}
