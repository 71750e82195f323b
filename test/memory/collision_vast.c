// SPDX-License-Identifier: GPL-2.0
// link: -no-pie -fno-pie
// timeout: 60
/* One mapping takes most of the address space, more than anybody could put aside: whoever restores lies in the middle of it. */
#include "test.h"

#include <sys/mman.h>

int main(void)
{
	const unsigned long gib = 1UL << 30, start = 0x100000000000UL, piece = 4096 * gib;
	unsigned char *memory = MAP_FAILED;
	struct test_mapping mapping;
	unsigned long end;

	/* As far as our own libraries, over the place of our executable if it is elsewhere. */
	for (end = 0x7f0000000000UL; end > start + 70 * 1024 * gib && memory == MAP_FAILED; end -= piece)
		memory = mmap((void *)start, end - start, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (memory == MAP_FAILED)
		skip("something is in the middle of the address space");
	for (unsigned long at = start; at < (unsigned long)memory + 1024 * gib; at += 64 * gib)
		fill_pattern((void *)at, 4096, at);
	checkpoint();
	for (unsigned long at = start; at < (unsigned long)memory + 1024 * gib; at += 64 * gib)
		check_pattern((void *)at, 4096, at);
	check(find_mapping(memory, &mapping) && mapping.start == start);
	return finish();
}
