// SPDX-License-Identifier: GPL-2.0
// timeout: 120
/*
 * Layouts that collide with whoever restores: all room at the places where the kernel puts executables, heaps, libraries
 * and stacks is taken, by reservations of terabytes in which some pages hold data; the low addresses too, in small steps.
 */
#include "test.h"

#include <errno.h>
#include <sys/mman.h>

#define GIB	 (1UL << 30)
#define TOP	 0x7fffffffe000UL
#define LOW_STEP 64UL

enum { PAGE = 4096 };

static unsigned char *taken[4096];
static unsigned long sizes[4096];
static int count;

/* Takes all that is free in [start, end), in pieces as large as can be. */
static void take(unsigned long start, unsigned long end, unsigned long piece, int flags)
{
	while (start < end && count < 4096) {
		unsigned long size = piece;
		void *memory = MAP_FAILED;

		while (size >= PAGE) {
			if (start + size <= end)
				memory = mmap((void *)start, size, PROT_READ | PROT_WRITE,
					      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE | flags, -1, 0);
			if (memory != MAP_FAILED)
				break;
			size /= 4;
		}
		if (memory == MAP_FAILED) {
			start += PAGE * 64;
			continue;
		}
		if (size >= GIB / 64) {
			taken[count] = memory;
			sizes[count++] = size;
		}
		start += size;
	}
}

int main(void)
{
	if (!linux_is_at_least(6, 7))
		skip("without PAGEMAP_SCAN pages at the end of terabytes are found after minutes");
	take(0x550000000000UL, 0x570000000000UL, 1024 * GIB, 0);
	take(0x7e0000000000UL, TOP - 8 * GIB, 1024 * GIB, 0);
	take(0x10000000UL, 0x20000000UL, LOW_STEP << 20, 0);
	for (int i = 0; i < count; i++) {
		fill_pattern(taken[i], PAGE, i);
		fill_pattern(taken[i] + sizes[i] / PAGE / 2 * PAGE, PAGE, 1000 + i);
		fill_pattern(taken[i] + sizes[i] - PAGE, PAGE, 2000 + i);
	}
	checkpoint();
	for (int i = 0; i < count; i++) {
		check_pattern(taken[i], PAGE, i);
		check_pattern(taken[i] + sizes[i] / PAGE / 2 * PAGE, PAGE, 1000 + i);
		check_pattern(taken[i] + sizes[i] - PAGE, PAGE, 2000 + i);
	}
	check(count > 3, "%d", count);
	return finish();
}
