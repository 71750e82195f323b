// SPDX-License-Identifier: GPL-2.0
// refused: secret
/* A mapping of secret memory (memfd_secret) whose descriptor is closed. */
#include "test.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	int fd = syscall(SYS_memfd_secret, 0);
	unsigned char *memory;

	if (fd < 0)
		skip("no secret memory here");
	must(ftruncate(fd, 4096));
	memory = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	must(close(fd));
	memory[0] = 7;
	checkpoint();
	check_equal(memory[0], 7);
	return finish();
}
