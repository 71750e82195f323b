// SPDX-License-Identifier: GPL-2.0
// timeout: 200
// modes: cycle
/* 65,000 mappings: nearly all that the kernel allows a process (vm.max_map_count). */
#include "test.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

int main(void)
{
	char text[32] = "65530";
	unsigned char *areas;
	long count;

	read_text("/proc/sys/vm/max_map_count", text, sizeof(text));
	count = (atol(text) - 400) / 2;
	if (count > 32700)
		count = 32700;
	areas = must(mmap(NULL, count * 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	for (long i = 0; i < count; i++) {
		if (i % 100 == 0)
			fill_pattern(areas + i * 2 * PAGE, 64, i);
		must(mprotect(areas + i * 2 * PAGE + PAGE, PAGE, PROT_READ));
	}
	checkpoint();
	for (long i = 0; i < count; i += 100)
		check_pattern(areas + i * 2 * PAGE, 64, i);
	must(mprotect(areas, count * 2 * PAGE, PROT_READ));
	return finish();
}
