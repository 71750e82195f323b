// SPDX-License-Identifier: GPL-2.0
// compiler: -m32
// refused: 32-bit process
/* A ring of a 32-bit process. */
#include "test.h"

#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct io_uring_params parameters = { 0 };
	int fd = syscall(SYS_io_uring_setup, 4, &parameters);

	if (fd < 0 || !linux_is_at_least(6, 18))
		skip("the state of an io_uring can be found out from Linux 6.18 on");
	checkpoint();
	check_equal(syscall(SYS_io_uring_enter, fd, 0, 0, 0, 0, 0), 0);
	return finish();
}
