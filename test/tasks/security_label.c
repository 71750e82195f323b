// SPDX-License-Identifier: GPL-2.0
/* The security label: a process that has the one of criu, or none, is saved and has it afterwards. */
#include "test.h"

#include <string.h>

int main(void)
{
	char before[256] = "", after[256] = "";
	int had = read_text("/proc/self/attr/current", before, sizeof(before));

	checkpoint();
	check_equal(read_text("/proc/self/attr/current", after, sizeof(after)), had);
	check(strcmp(before, after) == 0, "the label was \"%s\" and is \"%s\"", before, after);
	return finish();
}
