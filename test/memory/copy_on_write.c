// SPDX-License-Identifier: GPL-2.0
/* Memory that parent and children share until one writes: contents right in each, and still shared, not copied. */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH (16 << 20)

static unsigned char *memory;

/* Bytes of our private dirty memory, and of what is shared with others, around the address. */
static void usage(const void *address, long *private_kib, long *shared_kib)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	char line[512];
	bool here = false;

	*private_kib = *shared_kib = 0;
	while (smaps && fgets(line, sizeof(line), smaps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start <= (unsigned long)address && (unsigned long)address < end;
		if (here && strncmp(line, "Private_Dirty:", 14) == 0)
			sscanf(line + 14, "%ld", private_kib);
		if (here && strncmp(line, "Shared_Dirty:", 13) == 0)
			sscanf(line + 13, "%ld", shared_kib);
	}
	if (smaps)
		fclose(smaps);
}

static void child(void)
{
	long private_kib, shared_kib;

	static const unsigned char nothing[4 * 4096];

	memory[0] = 99;
	must(madvise(memory + (1 << 20), sizeof(nothing), MADV_DONTNEED));
	must(munmap(memory + LENGTH - (1 << 20), 1 << 20));
	fill_pattern(memory + LENGTH / 2, 4096, 8);
	checkpoint();
	check_equal(memory[0], 99);
	check(memcmp(memory + (1 << 20), nothing, sizeof(nothing)) == 0, "pages of the parent in place of none");
	check_pattern(memory + LENGTH / 2, 4096, 8);
	check_pattern(memory + LENGTH / 2 + 4096, 4096, 2);
	meet(); /* what nobody else has any more is private */
	usage(memory, &private_kib, &shared_kib);
	check(shared_kib > private_kib, "%ld KiB private, %ld KiB shared", private_kib, shared_kib);
	meet();
}

int main(void)
{
	int i;

	memory = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (i = 0; i < LENGTH; i += 4096)
		fill_pattern(memory + i, 4096, 2);
	for (i = 0; i < 3; i++)
		participant(child);
	checkpoint();
	for (i = 0; i < LENGTH; i += 4096)
		check_pattern(memory + i, 4096, 2);
	meet();
	meet();
	return finish();
}
