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

/* Tests run side by side and a page that one gives back another may be about to take: the
 * reservation is only ever raised, to what all of them can need together. */
static void reserve(void)
{
	char text[32] = "0";
	int fd;

	if (read_text(RESERVED, text, sizeof(text)) > 0 && atoi(text) >= 16)
		return;
	fd = open(RESERVED, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "16", 2) < 0)
		skip("huge pages cannot be reserved here");
	close(fd);
}

static void *map(void)
{
	return mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
}

int main(void)
{
	unsigned char *memory;

	reserve();
	memory = map();
	if (memory == MAP_FAILED)
		skip("no huge page could be reserved");
	fill_pattern(memory, LENGTH, 1);
	checkpoint();
	check_pattern(memory, LENGTH, 1);
	memory[LENGTH - 1] ^= 1;
	must(munmap(memory, LENGTH));
	return finish();
}
