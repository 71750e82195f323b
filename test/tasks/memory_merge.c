// SPDX-License-Identifier: GPL-2.0
/* PR_SET_MEMORY_MERGE: the whole process lets the kernel merge equal pages (KSM), what is mapped later too; one area is taken out. */
#include "test.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif

int main(void)
{
	unsigned char *memory, *apart;

	if (prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0))
		skip("this kernel does not merge the memory of processes");
	memory = must(mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memset(memory, 3, 64 * 4096);
	apart = must(mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(madvise(apart, 64 * 4096, MADV_UNMERGEABLE)); /* the driver compares the flags */
	checkpoint();
	check_equal(prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0), 1);
	check(memory[4096] == 3);
	return finish();
}
