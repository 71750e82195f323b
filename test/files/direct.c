// SPDX-License-Identifier: GPL-2.0
/* O_DIRECT on a regular file, with the other flags that fcntl can set; one descriptor whose flag came later; sparse files. */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	int direct = open("file", O_RDWR | O_CREAT | O_DIRECT, 0600), later, sync, sparse;
	struct stat status;
	void *block = NULL;

	if (direct < 0)
		skip("no O_DIRECT here");
	must(-posix_memalign(&block, 4096, 4096));
	memset(block, 7, 4096);
	must(write(direct, block, 4096));
	later = must(open("file", O_RDONLY | O_NOATIME));
	must(fcntl(later, F_SETFL, O_DIRECT | O_NONBLOCK));
	sync = must(open("file", O_RDWR | O_DSYNC | O_APPEND));
	sparse = must(open("sparse", O_RDWR | O_CREAT, 0600));
	must(pwrite(sparse, "end", 3, 1LL << 40));

	checkpoint();

	check_equal(fcntl(direct, F_GETFL) & ~0100000, O_RDWR | O_DIRECT);
	check_equal(fcntl(later, F_GETFL) & ~0100000, O_RDONLY | O_DIRECT | O_NONBLOCK);
	check_equal(fcntl(sync, F_GETFL) & ~0100000, O_RDWR | O_DSYNC | O_APPEND);
	check_equal(lseek(direct, 0, SEEK_CUR), 4096);
	memset(block, 0, 4096);
	check_equal(pread(later, block, 4096, 0), 4096);
	check_equal(((char *)block)[4095], 7);
	check_equal(write(sync, "end", 3), 3);
	check_equal(lseek(sync, 0, SEEK_CUR), 4099);
	must(fstat(sparse, &status));
	check_equal(status.st_size, (1LL << 40) + 3);
	check(status.st_blocks < 100);
	return finish();
}
