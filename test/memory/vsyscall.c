// SPDX-License-Identifier: GPL-2.0
/* The page at the very end that the kernel shows in each process: it is there or not as this kernel has it. */
#include "test.h"

#include <time.h>

int main(void)
{
	void *before = find_named_mapping("[vsyscall]");
	time_t (*const old_time)(time_t *) = (void *)0xffffffffff600400UL;

	checkpoint();
	check(find_named_mapping("[vsyscall]") == before);
	if (before)
		check(old_time(NULL) >= time(NULL) - 1);
	return finish();
}
