// SPDX-License-Identifier: GPL-2.0
/* Rings with flags of io_uring_setup(2), each with completions that wait: entries of other sizes, tasks that are not
 * interrupted, one thread only, rings that are not enabled yet. */
#include "ring.h"

enum { COUNT = 11 };

static const unsigned flags[COUNT] = {
	IORING_SETUP_SUBMIT_ALL,
	IORING_SETUP_COOP_TASKRUN,
	IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
	IORING_SETUP_SQE128,
	IORING_SETUP_CQE32,
	IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | IORING_SETUP_SINGLE_ISSUER,
	IORING_SETUP_SINGLE_ISSUER,
	IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	IORING_SETUP_R_DISABLED,
	IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER,
	IORING_SETUP_NO_SQARRAY,
};

static struct ring rings[COUNT];

static bool is_disabled(int i)
{
	return flags[i] & IORING_SETUP_R_DISABLED;
}

/* Another process may submit where the flags allow it. */
static void child(void)
{
	checkpoint();
	for (int i = 0; i < COUNT; i++)
		if (flags[i] & IORING_SETUP_SINGLE_ISSUER && !is_disabled(i)) {
			check_equal(syscall(SYS_io_uring_enter, rings[i].fd, 1, 0, 0, NULL, 0), -1);
			check_equal(errno, EEXIST);
		}
	meet();
	meet();
}

int main(void)
{
	for (int i = 0; i < COUNT; i++) {
		ring_open(&rings[i], 4, flags[i], i % 2 ? 32 : 0);
		if (is_disabled(i))
			continue;
		ring_turn(&rings[i], 21);
		ring_request(&rings[i], IORING_OP_NOP, -1, 300 + i);
		check_equal(ring_enter(&rings[i], 1, 1), 1);
	}
	participant(child);
	checkpoint();
	meet();

	for (int i = 0; i < COUNT; i++) {
		if (is_disabled(i)) {
			check_equal(ring_enter(&rings[i], 0, 0), -1);
			check_equal(errno, EBADFD);
			check_equal(syscall(SYS_io_uring_register, rings[i].fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0), 0);
		} else {
			check_equal(ring_take(&rings[i], 300 + i), 0);
		}
		ring_turn(&rings[i], 50);
	}
	meet();
	return finish();
}
