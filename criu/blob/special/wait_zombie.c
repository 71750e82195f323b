// SPDX-License-Identifier: GPL-2.0
/* wait_zombie: waits until a child has died, and leaves it a zombie. */
#include "criu/blob/restorer.h"

#include "raw_syscall.h"

enum {
	WAIT_PID = 1,
	WAIT_EXITED = 4,
	WAIT_KEEP = 0x01000000,
	WAIT_ALL = 0x40000000, /* whatever signal tells of its end */
};

int64_t wait_zombie(const uint64_t arg[6])
{
	int64_t result;

	do {
		result = raw_syscall6(__NR_waitid, WAIT_PID, arg[0], 0, WAIT_EXITED | WAIT_KEEP | WAIT_ALL, 0, 0);
	} while (result == -RUNNER_EINTR);
	return result;
}
