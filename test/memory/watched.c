// SPDX-License-Identifier: GPL-2.0
// refused: userfaultfd
/* Memory that a userfaultfd watches is not saved. */
#include "test.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, 0);
	unsigned char *memory;

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0)
		skip("this kernel has no userfaultfd");
	memory = must(mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memory[0] = 9;
	area.range.start = (unsigned long)memory;
	area.range.len = 8 * 4096;
	must(ioctl(fd, UFFDIO_REGISTER, &area));
	checkpoint();
	check_equal(memory[0], 9);
	return finish();
}
