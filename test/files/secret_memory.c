// SPDX-License-Identifier: GPL-2.0
// refused: is secret memory
/* Memory that only the program can read. */
#include "test.h"

#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	int fd = syscall(SYS_memfd_secret, 0);

	if (fd < 0)
		skip("no secret memory here");
	checkpoint();
	check_equal(ftruncate(fd, 4096), 0);
	return finish();
}
