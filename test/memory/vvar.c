// SPDX-License-Identifier: GPL-2.0
/* The vDSO's data: all its mappings are where they were, in front of the code that reads them, and alive. */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

struct places {
	unsigned long start[8], end[8];
	int count;
};

static struct places find_places(void)
{
	struct places places = { .count = 0 };
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];

	while (maps && fgets(line, sizeof(line), maps)) {
		int i = places.count;

		if (strstr(line, "[v") && i < 8 && sscanf(line, "%lx-%lx", &places.start[i], &places.end[i]) == 2)
			places.count++;
	}
	if (maps)
		fclose(maps);
	return places;
}

int main(void)
{
	struct places before = find_places(), after;
	struct timespec first, second;

	checkpoint();
	after = find_places();
	check(before.count >= 2 && memcmp(&before, &after, sizeof(before)) == 0, "%d and %d mappings", before.count,
	      after.count);
	must(clock_gettime(CLOCK_MONOTONIC, &first));
	sleep_milliseconds(20);
	must(clock_gettime(CLOCK_MONOTONIC, &second));
	check((second.tv_sec - first.tv_sec) * 1000 + (second.tv_nsec - first.tv_nsec) / 1000000 >= 19,
	      "the clock in the vDSO stands still");
	return finish();
}
