// SPDX-License-Identifier: GPL-2.0
/* Transparent huge pages are there again where they were asked for, and nowhere else. */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH (8UL << 20)
#define HUGE   (2UL << 20)

static long huge_kib(const void *address)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	char line[512];
	bool here = false;
	long found = -1;

	while (smaps && found < 0 && fgets(line, sizeof(line), smaps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start <= (unsigned long)address && (unsigned long)address < end;
		if (here)
			sscanf(line, "AnonHugePages: %ld", &found);
	}
	if (smaps)
		fclose(smaps);
	return found;
}

/* An area that begins and ends with whole huge pages, unlike its neighbours. */
static unsigned char *area(int advice)
{
	unsigned char *room = must(mmap(NULL, LENGTH + 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned char *memory = (unsigned char *)(((unsigned long)room + HUGE) & ~(HUGE - 1));

	must(mprotect(memory, LENGTH, PROT_READ | PROT_WRITE));
	if (madvise(memory, LENGTH, advice))
		skip("this kernel has no transparent huge pages");
	return memory;
}

int main(void)
{
	unsigned char *asked = area(MADV_HUGEPAGE), *refused = area(MADV_NOHUGEPAGE), *sparse = area(MADV_HUGEPAGE);

	fill_pattern(asked, LENGTH, 1);
	fill_pattern(refused, LENGTH, 2);
	fill_pattern(sparse + HUGE, HUGE, 3);
	if (huge_kib(asked) < (long)(LENGTH >> 10))
		skip("no huge pages to be had");

	checkpoint();

	check_equal(huge_kib(asked), LENGTH >> 10);
	check_equal(huge_kib(refused), 0);
	check_equal(huge_kib(sparse), HUGE >> 10);
	check_pattern(asked, LENGTH, 1);
	check_pattern(refused, LENGTH, 2);
	check_pattern(sparse + HUGE, HUGE, 3);
	check_equal(sparse[0], 0);
	return finish();
}
