// SPDX-License-Identifier: GPL-2.0
/* Private anonymous memory: contents, holes, protections, pages written and not written. */
#include "test.h"

#include <sys/mman.h>

#define LENGTH (1024 * 4096)

int main(void)
{
	unsigned char *whole = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned char *sparse = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned char *read_only = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned char *hidden = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct test_mapping mapping;
	size_t i;

	fill_pattern(whole, LENGTH, 1);
	for (i = 0; i < LENGTH; i += 16 * 4096)
		fill_pattern(sparse + i, 4096, i);
	fill_pattern(read_only, LENGTH, 2);
	must(mprotect(read_only, LENGTH, PROT_READ));
	fill_pattern(hidden, LENGTH, 3);
	must(mprotect(hidden, LENGTH, PROT_NONE));
	must(munmap(whole + 100 * 4096, 4096));

	checkpoint();

	check_pattern(whole, 100 * 4096, 1);
	check(!find_mapping(whole + 100 * 4096, &mapping));
	for (i = 0; i < LENGTH; i += 16 * 4096) {
		check_pattern(sparse + i, 4096, i);
		check(sparse[i + 5 * 4096] == 0, "page after %zu is not zero", i);
	}
	check_pattern(read_only, LENGTH, 2);
	check(find_mapping(hidden, &mapping) && mapping.permissions[0] == '-');
	must(mprotect(hidden, LENGTH, PROT_READ));
	check_pattern(hidden, LENGTH, 3);
	whole[0] = sparse[4096] = 1;
	return finish();
}
