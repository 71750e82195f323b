// SPDX-License-Identifier: GPL-2.0
/* A MAP_GROWSDOWN mapping that has grown and must be able to grow again. */
#include "test.h"

#include <sys/mman.h>

int main(void)
{
	/* Room below: a reserved area, of which the upper end is given back to grow in. */
	unsigned char *room = must(mmap(NULL, 1024 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned char *area;
	int page;

	must(munmap(room, 1024 * 4096));
	area = must(mmap(room + 1000 * 4096, 8 * 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0));
	for (page = 7; page > -20; page--)
		fill_pattern(area + page * 4096L, 4096, 100 + page);

	checkpoint();

	for (page = 7; page > -20; page--)
		check_pattern(area + page * 4096L, 4096, 100 + page);
	for (page = -20; page > -40; page--)
		fill_pattern(area + page * 4096L, 4096, 100 + page);
	for (page = -20; page > -40; page--)
		check_pattern(area + page * 4096L, 4096, 100 + page);
	return finish();
}
