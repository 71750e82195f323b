// SPDX-License-Identifier: GPL-2.0
/* Guard pages (MADV_GUARD_INSTALL): a touch kills, before and after; pages around them keep their contents. */
#include "test.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#define LENGTH (64 * 4096)

int main(void)
{
	unsigned char *memory = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	fill_pattern(memory, LENGTH, 3);
	if (madvise(memory + 4096, 2 * 4096, MADV_GUARD_INSTALL))
		skip("this kernel has no guard pages");
	must(madvise(memory + LENGTH - 4096, 4096, MADV_GUARD_INSTALL));
	checkpoint();
	check(signal_of_reading(memory + 4096) == SIGSEGV);
	check(signal_of_reading(memory + 2 * 4096) == SIGSEGV);
	check(signal_of_reading(memory + LENGTH - 1) == SIGSEGV);
	check_pattern(memory, 4096, 3);
	check(signal_of_reading(memory + 3 * 4096) == 0 && signal_of_reading(memory + LENGTH - 4097) == 0);
	return finish();
}
