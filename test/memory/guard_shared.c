// SPDX-License-Identifier: GPL-2.0
/* Guard pages (Linux 6.15) in mappings of files and in shared memory: a touch kills, pages around them keep their contents. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
enum { PAGE = 4096, LENGTH = 8 * PAGE, KINDS = 4 };

int main(void)
{
	int fd = must(open("mapped", O_RDWR | O_CREAT, 0644)), memory_file = must(memfd_create("memory", 0));
	unsigned char contents[LENGTH], *areas[KINDS];

	fill_pattern(contents, LENGTH, 1);
	must(write(fd, contents, LENGTH));
	must(write(memory_file, contents, LENGTH));
	areas[0] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	areas[1] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	areas[2] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	areas[3] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, memory_file, 0));
	fill_pattern(areas[2], LENGTH, 1);
	for (int i = 0; i < KINDS; i++)
		if (madvise(areas[i] + 2 * PAGE, 2 * PAGE, MADV_GUARD_INSTALL))
			skip("this kernel has no guard pages in files");

	checkpoint();

	for (int i = 0; i < KINDS; i++) {
		check(signal_of_reading(areas[i] + 2 * PAGE) == SIGSEGV && signal_of_reading(areas[i] + 4 * PAGE - 1) == SIGSEGV, "kind %d", i);
		check(signal_of_reading(areas[i] + 2 * PAGE - 1) == 0 && signal_of_reading(areas[i] + 4 * PAGE) == 0, "kind %d", i);
		check_equal(wrong_byte(areas[i], 2 * PAGE, 1), -1);
		check_equal(areas[i][5 * PAGE], contents[5 * PAGE]);
	}
	return finish();
}
