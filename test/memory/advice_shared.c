// SPDX-License-Identifier: GPL-2.0
/* madvise(2) of mappings of files and of shared memory; the driver compares the flags. */
#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LENGTH = 4 << 20, ADVICES = 7 };

int main(void)
{
	const int advices[ADVICES] = { MADV_DONTFORK, MADV_DONTDUMP, MADV_NOHUGEPAGE, MADV_HUGEPAGE, MADV_SEQUENTIAL, MADV_RANDOM, MADV_MERGEABLE };
	int fd = must(open("mapped", O_RDWR | O_CREAT, 0644)), memory = must(memfd_create("memory", 0));
	unsigned char *areas[ADVICES][4];

	must(ftruncate(fd, LENGTH));
	must(ftruncate(memory, LENGTH));
	for (int i = 0; i < ADVICES; i++) {
		areas[i][0] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
		areas[i][1] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
		areas[i][2] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0));
		areas[i][3] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
		for (int j = 0; j < 4; j++) {
			areas[i][j][i] = i + 1;
			(void)madvise(areas[i][j], LENGTH, advices[i]);
		}
	}
	checkpoint();
	for (int i = 0; i < ADVICES; i++)
		for (int j = 0; j < 4; j++)
			check_equal(areas[i][j][i], i + 1);
	return finish();
}
