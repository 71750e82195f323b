// SPDX-License-Identifier: GPL-2.0
// timeout: 120
/* Rings among mappings that fill the room where executables, libraries and stacks are: some of these collide with whoever
 * restores, and are moved to their places before the rings are mapped. */
#include "../files/ring.h"

#define PIECE (1023UL << 20)
#define TOP   0x7fffffffe000UL

enum { PIECES_MAX = 5000, RINGS = 3, PAGE = 4096 };

static unsigned char *pieces[PIECES_MAX];
static int count;
static struct ring rings[RINGS];

/* Neighbours differ, so that they stay apart. */
static void take(unsigned long start, unsigned long end)
{
	for (; start + PIECE <= end && count < PIECES_MAX; start += PIECE) {
		void *memory = mmap((void *)start, PIECE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | (count % 2 ? MAP_NORESERVE : 0), -1, 0);

		if (memory != MAP_FAILED)
			pieces[count++] = memory;
	}
}

int main(void)
{
	if (!linux_is_at_least(6, 7))
		skip("without PAGEMAP_SCAN pages at the end of terabytes are found after minutes");
	for (int i = 0; i < RINGS; i++) {
		ring_open(&rings[i], 4 << 3 * i, 0, 0);
		ring_turn(&rings[i], 10 + i);
	}
	take(0x550000000000UL, 0x570000000000UL);
	take(0x7e0000000000UL, TOP - (8UL << 30));
	for (int i = 0; i < count; i++)
		fill_pattern(pieces[i], PAGE, i);
	checkpoint();

	check(count > 3000, " %d", count);
	for (int i = 0; i < count; i++)
		check_pattern(pieces[i], PAGE, i);
	for (int i = 0; i < RINGS; i++)
		ring_turn(&rings[i], 100);
	return finish();
}
