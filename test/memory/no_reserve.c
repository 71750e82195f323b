// SPDX-License-Identifier: GPL-2.0
/* MAP_NORESERVE, private, shared and of a file; and PROT_NONE reservations that are not promised memory. */
#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH (4UL << 30)

int main(void)
{
	int fd = must(open("mapped", O_RDWR | O_CREAT, 0644));
	unsigned char *private, *shared, *file, *none;
	int protection = PROT_READ | PROT_WRITE;

	must(ftruncate(fd, LENGTH));
	private = must(mmap(NULL, LENGTH, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	shared = must(mmap(NULL, LENGTH, protection, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	file = must(mmap(NULL, LENGTH, protection, MAP_PRIVATE | MAP_NORESERVE, fd, 0));
	none = must(mmap(NULL, LENGTH * 64, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	private[LENGTH / 2] = shared[LENGTH / 2] = file[LENGTH / 2] = 9;

	checkpoint(); /* the driver compares the flags */

	check(private[LENGTH / 2] == 9 && shared[LENGTH / 2] == 9 && file[LENGTH / 2] == 9);
	check(private[0] == 0 && shared[0] == 0 && file[0] == 0);
	must(mprotect(none, 4096, protection));
	none[0] = 1;
	return finish();
}
