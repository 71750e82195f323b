// SPDX-License-Identifier: GPL-2.0
/* barrier: arrives at a stage and waits until main opens it. */
#include "criu/blob/restorer.h"

#include "board.h"
#include "futex.h"
#include "raw_syscall.h"

struct runner_timespec {
	int64_t seconds, nanoseconds;
};

/* Looks again once a second: a failure may be reported between our look and our sleep. */
int64_t barrier(const struct remote_program *program, const uint64_t arg[6])
{
	struct board *board = (struct board *)arg[0];
	uint32_t wanted = (uint32_t)arg[1];
	const struct runner_timespec second = { .seconds = 1 };

	if (program->row < board->row_count)
		__atomic_store_n(&board->rows[program->row].state, (int32_t)wanted, __ATOMIC_RELEASE);
	futex_add(&board->arrived, 1);
	for (;;) {
		uint32_t stage = futex_load(&board->stage);

		if (futex_load(&board->failed))
			for (;;)
				raw_syscall1(__NR_exit_group, 1);
		if (stage >= wanted)
			return 0;
		futex_wait(&board->stage, stage, &second);
	}
}
