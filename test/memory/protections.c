// SPDX-License-Identifier: GPL-2.0
/* Every combination of protections, code that runs from private memory, and a patchwork of small areas. */
#include "test.h"

#include <string.h>
#include <sys/mman.h>

#define PATCHES 512

int main(void)
{
	static const unsigned char code[] = { 0xb8, 0x2a, 0x00, 0x00, 0x00, 0xc3 }; /* mov $42, %eax; ret */
	unsigned char *patches = must(mmap(NULL, PATCHES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned char *text = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	int i;

	memcpy(text, code, sizeof(code));
	must(mprotect(text, 4096, PROT_READ | PROT_EXEC));
	fill_pattern(patches, PATCHES * 4096, 3);
	for (i = 0; i < PATCHES; i++)
		must(mprotect(patches + i * 4096, 4096, i % 8));

	checkpoint();

	check_equal(((int (*)(void))text)(), 42);
	for (i = 0; i < PATCHES; i++) {
		struct test_mapping mapping;
		const char *p = mapping.permissions;

		if (i < 16 && check(find_mapping(patches + i * 4096, &mapping)))
			check((p[0] == 'r') == !!(i & PROT_READ) && (p[1] == 'w') == !!(i & PROT_WRITE) &&
				      (p[2] == 'x') == !!(i & PROT_EXEC), "patch %d is %s", i, p);
		must(mprotect(patches + i * 4096, 4096, PROT_READ));
	}
	check_pattern(patches, PATCHES * 4096, 3);
	return finish();
}
