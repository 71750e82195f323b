// SPDX-License-Identifier: GPL-2.0
/* posix_timer: a timer with a wanted id, on kernels that cannot be asked for one. */
#include "criu/blob/restorer.h"

#include "raw_syscall.h"

/* The kernel counts ids up, so those before the wanted one are made and deleted again. An
 * id that has already been passed cannot come back. */
int64_t posix_timer(const uint64_t arg[6])
{
	int32_t wanted = (int32_t)arg[2], id = -1;

	for (;;) {
		int64_t result = raw_syscall3(__NR_timer_create, arg[0], arg[1], (uint64_t)&id);

		if (result < 0)
			return result;
		if (id == wanted)
			return id;
		result = raw_syscall1(__NR_timer_delete, (uint64_t)id);
		if (result < 0)
			return result;
		if (id > wanted)
			return -RUNNER_EAGAIN;
	}
}
