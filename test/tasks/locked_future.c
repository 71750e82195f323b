// SPDX-License-Identifier: GPL-2.0
/* mlockall(MCL_FUTURE): what is mapped after the restore is locked too. */
#include "test.h"

#include <sys/mman.h>

#define LENGTH (16 * 4096)

int main(void)
{
	long before;

	must(mlockall(MCL_FUTURE));
	checkpoint();
	before = proc_number("/proc/self/status", "VmLck", 10);
	must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	check_equal(proc_number("/proc/self/status", "VmLck", 10) - before, LENGTH / 1024);
	return finish();
}
