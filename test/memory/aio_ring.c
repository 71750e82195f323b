// SPDX-License-Identifier: GPL-2.0
// refused: io_setup
/* A context of asynchronous I/O is not saved yet. */
#include "test.h"

#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, 16, &context) < 0)
		skip("this kernel has no AIO");
	checkpoint();
	check_equal(syscall(SYS_io_destroy, context), 0);
	return finish();
}
