// SPDX-License-Identifier: GPL-2.0
/* Memory that the kernel may empty at any time: the mapping comes back, contents may be lost. */
#include "test.h"

#include <sys/mman.h>

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

int main(void)
{
	unsigned char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_DROPPABLE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		skip("this kernel has no MAP_DROPPABLE");
	memory[0] = 1;
	checkpoint();
	check(memory[0] == 1 || memory[0] == 0);
	memory[0] = 2;
	check(memory[0] == 2 || memory[0] == 0);
	return finish();
}
