// SPDX-License-Identifier: GPL-2.0
/* Registrations for membarrier(2): what was registered works without registering again, what was not does not. */
#include "test.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

static int barrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

int main(void)
{
	must(barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
	must(barrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED));
	checkpoint();
	check_equal(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), 0);
	check(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) < 0 && errno == EPERM, "more is registered than was");
	return finish();
}
