// SPDX-License-Identifier: GPL-2.0
/*
 * A hundred GiB with a few pages: at its beginning, huge ones far behind them that may not be accessed, and one at its end. A kernel
 * without PAGEMAP_SCAN has to be asked how many there are, and not every count has all of them.
 */
#include "test.h"

#include <sys/mman.h>

enum { HUGE = 2 << 20 };

int main(void)
{
	const unsigned long size = 100UL << 30;
	unsigned char *memory = must(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	unsigned char *huge = memory + size / 2 + HUGE - (unsigned long)memory % HUGE;

	must(madvise(memory, size / 4, MADV_NOHUGEPAGE));
	must(madvise(huge, 2 * HUGE, MADV_HUGEPAGE)); /* where there are none, small ones */
	fill_pattern(memory, 3 * 4096, 1);
	fill_pattern(huge, 2 * HUGE, 2);
	fill_pattern(memory + size - 4096, 4096, 3);
	must(mprotect(memory, size, PROT_NONE));
	checkpoint();
	must(mprotect(memory, size, PROT_READ));
	check_pattern(memory, 3 * 4096, 1);
	check_pattern(huge, 2 * HUGE, 2);
	check_pattern(memory + size - 4096, 4096, 3);
	check_equal(memory[3 * 4096], 0);
	check_equal(huge[2 * HUGE], 0);
	return finish();
}
