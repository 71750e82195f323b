// SPDX-License-Identifier: GPL-2.0
/* The main stack: contents deep down, and room to grow further after the restore. */
#include "test.h"

#include <string.h>

/* Fills a frame of 64 KiB at each level; at the bottom runs the checkpoint; on the way up looks at each frame. */
static void descend(int level)
{
	unsigned char frame[65536];

	fill_pattern(frame, sizeof(frame), level);
	if (level > 1)
		descend(level - 1);
	else
		checkpoint();
	check_pattern(frame, sizeof(frame), level);
}

static long deeper(int level)
{
	volatile unsigned char frame[65536];

	memset((void *)frame, level, sizeof(frame));
	return level ? deeper(level - 1) + frame[100] : frame[7];
}

int main(void)
{
	struct test_mapping before, after;
	char here;

	descend(32);
	check(find_mapping(&here, &before));
	check_equal(deeper(64), 64 * 65 / 2);
	check(find_mapping(&here, &after));
	check(after.start < before.start, "the stack did not grow");
	check(strcmp(after.name, "[stack]") == 0, "it is %s", after.name);
	return finish();
}
