// SPDX-License-Identifier: GPL-2.0
/* The test of an executable, for each way to link one. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static const char constant[] = "constant";
static char written[3 * PAGE] = "written before";
static char zeroes[8 * PAGE];
static _Thread_local int local = 5;

static int twice(int x)
{
	return 2 * x;
}

static int (*volatile by_address)(int) = twice;

int main(void)
{
	char *start = sbrk(0), *middle, *end;
	char *heap = must(malloc(100000));

	must(sbrk(5 * PAGE));
	middle = (char *)sbrk(0) - 5 * PAGE;
	fill_pattern(middle, 5 * PAGE, 1);
	fill_pattern(heap, 100000, 2);
	strcpy(written, "written since");
	fill_pattern(zeroes + 4 * PAGE, PAGE, 3);
	local = 7;
	end = sbrk(0);

	checkpoint();

	check(strcmp(constant, "constant") == 0 && strcmp(written, "written since") == 0);
	check_pattern(zeroes + 4 * PAGE, PAGE, 3);
	check_equal(zeroes[0], 0);
	check_equal(by_address(21), 42);
	check_equal(local, 7);
	check_pattern(heap, 100000, 2);
	check_pattern(middle, 5 * PAGE, 1);
	check(sbrk(0) == end && start <= end);
	check(sbrk(3 * PAGE) == end);
	fill_pattern(end, 3 * PAGE, 4);
	check_pattern(end, 3 * PAGE, 4);
	must(brk(end));
	check(sbrk(0) == end);
	return finish();
}
