// SPDX-License-Identifier: GPL-2.0
// timeout: 60
/* Many small mappings that the kernel cannot join, and a few pages in a huge reservation. */
#include "test.h"

#include <sys/mman.h>

#define COUNT 4000
#define HUGE (64UL << 30)

int main(void)
{
	unsigned char *areas, *reserve;
	long i;

	areas = must(mmap(NULL, COUNT * 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (i = 0; i < COUNT; i++) {
		fill_pattern(areas + i * 8192, 64, i);
		must(mprotect(areas + i * 8192 + 4096, 4096, PROT_READ));
	}
	reserve = must(mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	for (i = 0; i < 64; i++)
		fill_pattern(reserve + i * (HUGE / 64), 4096, 1000 + i);

	checkpoint();

	for (i = 0; i < COUNT; i++)
		check_pattern(areas + i * 8192, 64, i);
	for (i = 0; i < 64; i++) {
		check_pattern(reserve + i * (HUGE / 64), 4096, 1000 + i);
		check_equal(reserve[i * (HUGE / 64) + 4096], 0);
	}
	return finish();
}
