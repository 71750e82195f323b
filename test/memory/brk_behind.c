// SPDX-License-Identifier: GPL-2.0
// link: -no-pie -fno-pie
// differs: mapping 4.....-
/* Without randomization the heap of an executable of fixed address begins right behind its data. */
#include "test.h"

#include <sys/personality.h>
#include <unistd.h>

enum { PAGE = 4096 };

static char zeroes[100 * PAGE];
extern char end[]; /* the linker's: of all data */

int main(int count, char **arguments)
{
	char *top, *start;

	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
		must(personality(ADDR_NO_RANDOMIZE));
		execv("/proc/self/exe", arguments);
		must(-1);
	}
	start = must(sbrk(10 * PAGE));
	top = sbrk(0);
	fill_pattern(top - 5 * PAGE, 5 * PAGE, 1);
	fill_pattern(zeroes + 50 * PAGE, PAGE, 2);
	check(start - end < 256 * PAGE, "the heap begins at %p, the data ends at %p", start, end);
	checkpoint();
	check(sbrk(0) == top);
	check_pattern(top - 5 * PAGE, 5 * PAGE, 1);
	check_pattern(zeroes + 50 * PAGE, PAGE, 2);
	check(sbrk(PAGE) == top && sbrk(-PAGE) == top + PAGE);
	return finish();
}
