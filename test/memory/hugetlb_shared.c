// SPDX-License-Identifier: GPL-2.0
/* Shared memory of reserved huge pages, two processes, a hole: contents, and still shared. */
#include "huge.h"

#include <sys/mman.h>

static volatile unsigned char *shared;

static void child(void)
{
	checkpoint();
	check_pattern((void *)shared, HUGE_BYTES, 1);
	meet();
	check_equal(shared[2 * HUGE_BYTES], 7);
	shared[2 * HUGE_BYTES] = 8;
	meet();
}

int main(void)
{
	unsigned char *other;

	reserve_huge_pages();
	shared = mmap(NULL, 3 * HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (shared == MAP_FAILED)
		skip("no huge page could be reserved");
	fill_pattern((void *)shared, HUGE_BYTES, 1);
	participant(child);
	checkpoint();
	check_pattern((void *)shared, HUGE_BYTES, 1);
	shared[2 * HUGE_BYTES] = 7;
	meet();
	meet();
	check_equal(shared[2 * HUGE_BYTES], 8);
	other = must(mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0));
	other[0] = 1;
	must(munmap((void *)shared, 3 * HUGE_BYTES));
	return finish();
}
