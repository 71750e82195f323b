// SPDX-License-Identifier: GPL-2.0
/* Private memory of reserved huge pages. Where none is reserved, one is, until the end of the test. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH	 (2 << 20)
#define RESERVED "/proc/sys/vm/nr_hugepages"

static void reserve(const char *text)
{
	int fd = open(RESERVED, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		skip("huge pages cannot be reserved here");
	close(fd);
}

static void *map(void)
{
	return mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
}

int main(void)
{
	unsigned char *memory = map();
	char before[32] = "", more[32];

	if (memory == MAP_FAILED && read_text(RESERVED, before, sizeof(before)) > 0) {
		snprintf(more, sizeof(more), "%d", atoi(before) + 1);
		reserve(more);
		memory = map();
	}
	if (memory == MAP_FAILED)
		skip("no huge page could be reserved");
	fill_pattern(memory, LENGTH, 1);
	checkpoint();
	check_pattern(memory, LENGTH, 1);
	memory[LENGTH - 1] ^= 1;
	must(munmap(memory, LENGTH));
	if (before[0])
		reserve(before);
	return finish();
}
