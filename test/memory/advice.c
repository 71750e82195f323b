// SPDX-License-Identifier: GPL-2.0
/* What madvise(2) was told of an area: the driver compares the flags, here the effect of two is seen. */
#include "test.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH (16 * 4096)

int main(void)
{
	const int advices[] = { MADV_DONTFORK, MADV_WIPEONFORK, MADV_DONTDUMP, MADV_NOHUGEPAGE, MADV_HUGEPAGE,
				MADV_SEQUENTIAL, MADV_RANDOM, MADV_MERGEABLE };
	unsigned char *areas[8];
	int i, status = 0;
	pid_t child;

	for (i = 0; i < 8; i++) {
		areas[i] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		fill_pattern(areas[i], LENGTH, i);
		if (madvise(areas[i], LENGTH, advices[i]) < 0 && i < 3)
			must(-1);
	}
	checkpoint();
	for (i = 0; i < 8; i++)
		check_pattern(areas[i], LENGTH, i);
	child = must(fork());
	if (child == 0) {
		struct test_mapping mapping;

		_exit((find_mapping(areas[0], &mapping) ? 1 : 0) | (areas[1][0] || areas[1][4097] ? 2 : 0) |
		      (areas[2][0] == areas[2][1] && !areas[2][2] ? 4 : 0));
	}
	check_equal(waitpid(child, &status, 0), child);
	check_equal(WEXITSTATUS(status), 0);
	return finish();
}
