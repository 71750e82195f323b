// SPDX-License-Identifier: GPL-2.0
// refused: userfaultfd
/* A userfaultfd cannot be saved. */
#include "test.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, 0);

	if (fd < 0)
		skip("this kernel has no userfaultfd");
	checkpoint();
	check_equal(ioctl(fd, UFFDIO_API, &api), 0);
	return finish();
}
