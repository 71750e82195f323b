// SPDX-License-Identifier: GPL-2.0
/* Shared anonymous memory: contents, and still shared between parent, children and two places in one process. */
#include "test.h"

#include <sys/mman.h>

#define LENGTH (64 * 4096)

static volatile unsigned char *shared;

static void child(void)
{
	checkpoint();
	check_pattern((void *)(shared + 4096), LENGTH - 4096, 4);
	wait_for(shared[0] == 1);
	shared[1] = 2;
}

int main(void)
{
	unsigned char *other;

	shared = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	fill_pattern((void *)(shared + 4096), LENGTH - 4096, 4);
	participant(child);
	other = must(mremap((void *)shared, 0, LENGTH, MREMAP_MAYMOVE));
	shared[0] = 0;

	checkpoint();

	check_pattern((void *)(shared + 4096), LENGTH - 4096, 4);
	shared[0] = 1;
	wait_for(shared[1] == 2);
	check_equal(other[1], 2);
	other[5000] ^= 1;
	check_equal(shared[5000], other[5000]);
	return finish();
}
