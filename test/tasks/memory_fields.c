// SPDX-License-Identifier: GPL-2.0
/* What the kernel knows of a process's memory: arguments and environment (overwritten ones too), exe, auxv, brk. */
#include "test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

static char before[4][16384];
static ssize_t length_before[4];
static const char *const files[] = { "/proc/self/cmdline", "/proc/self/environ", "/proc/self/auxv", "/proc/self/comm" };

int main(int count, char **arguments)
{
	char exe[PATH_MAX] = "", exe_now[PATH_MAX] = "", now[16384];
	char *end, *heap;
	int i;

	if (count == 1) { /* again, with arguments and environment worth looking at */
		char *const mine[] = { "first", "", "third argument", NULL };
		char *const environment[] = { "COLOUR=green and blue", "EMPTY=", NULL };

		execve("/proc/self/exe", mine, environment);
		must(-1);
	}
	memcpy(arguments[0], "FIRST", 5); /* as programs that set their title do */
	must(readlink("/proc/self/exe", exe, sizeof(exe) - 1));
	for (i = 0; i < 4; i++)
		length_before[i] = must(read_text(files[i], before[i], sizeof(before[i])));
	heap = must(sbrk(1 << 20));
	fill_pattern(heap, 1 << 20, 9);
	end = sbrk(0);

	checkpoint();

	for (i = 0; i < 4; i++)
		check(read_text(files[i], now, sizeof(now)) == length_before[i] &&
			      memcmp(now, before[i], length_before[i]) == 0, "%s differs", files[i]);
	must(readlink("/proc/self/exe", exe_now, sizeof(exe_now) - 1));
	check(strcmp(exe, exe_now) == 0, "exe is %s", exe_now);
	check(strcmp(getenv("COLOUR"), "green and blue") == 0);
	check(sbrk(0) == end);
	check_pattern(heap, 1 << 20, 9);
	check(sbrk(8192) == end, "the heap cannot grow");
	memset(end, 1, 8192);
	check(getauxval(AT_PAGESZ) == 4096);
	return finish();
}
