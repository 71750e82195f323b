// SPDX-License-Identifier: GPL-2.0
/* Locked memory: an mlocked area, and one locked on fault. */
#include "test.h"

#include <sys/mman.h>

#define LENGTH (16 * 4096)

int main(void)
{
	unsigned char *locked = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned char *on_fault = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	long before;

	fill_pattern(locked, LENGTH, 1);
	must(mlock(locked, LENGTH));
	must(mlock2(on_fault, LENGTH, MLOCK_ONFAULT));
	on_fault[0] = 1;
	before = proc_number("/proc/self/status", "VmLck", 10);
	checkpoint();
	check_equal(proc_number("/proc/self/status", "VmLck", 10), before);
	check_pattern(locked, LENGTH, 1);
	return finish();
}
