// SPDX-License-Identifier: GPL-2.0
/* Private memory of reserved huge pages. */
#include "huge.h"

#include <sys/mman.h>

static void *map(void)
{
	return mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
}

int main(void)
{
	unsigned char *memory;

	reserve_huge_pages();
	memory = map();
	if (memory == MAP_FAILED)
		skip("no huge page could be reserved");
	fill_pattern(memory, HUGE_BYTES, 1);
	checkpoint();
	check_pattern(memory, HUGE_BYTES, 1);
	memory[HUGE_BYTES - 1] ^= 1;
	must(munmap(memory, HUGE_BYTES));
	return finish();
}
