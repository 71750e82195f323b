// SPDX-License-Identifier: GPL-2.0
/* The memory of rings: mapped as one and as two, read only, not for children, in a process that has the descriptor no
 * more. Large rings, and several of them side by side. */
#include "../files/ring.h"

static struct ring small, large, childless;
static char *completions;

static void child(void)
{
	close(small.fd);
	checkpoint();
	check_equal(ring_waiting(&small), 1);
	check_equal(*(unsigned *)(completions + small.params.cq_off.tail), 10);
	check(!find_mapping(childless.rings, &(struct test_mapping){ 0 }));
	*ring_word(&small, small.params.cq_off.flags) = IORING_CQ_EVENTFD_DISABLED;
	meet();
}

int main(void)
{
	ring_open(&small, 4, 0, 0);
	ring_open(&large, 4096, 0, 16384);
	ring_open(&childless, 4, 0, 0);
	completions = must(mmap(NULL, small.rings_size, PROT_READ, MAP_SHARED, small.fd, IORING_OFF_CQ_RING));
	must(madvise(childless.rings, childless.rings_size, MADV_DONTFORK));
	must(mprotect(childless.requests, childless.requests_size, PROT_READ));
	ring_turn(&small, 9);
	ring_request(&small, IORING_OP_NOP, -1, 9);
	check_equal(ring_enter(&small, 1, 1), 1);
	ring_turn(&large, 5000);
	for (unsigned i = 0; i < 4096; i++)
		ring_request(&large, IORING_OP_NOP, -1, i);
	check_equal(ring_enter(&large, 4000, 4000), 4000);
	participant(child);
	checkpoint();

	meet();
	check_equal(*ring_word(&small, small.params.cq_off.flags), IORING_CQ_EVENTFD_DISABLED);
	check_equal(*(unsigned *)(completions + small.params.cq_off.flags), IORING_CQ_EVENTFD_DISABLED);
	check_equal(ring_take(&small, 9), 0);
	check_equal(*(unsigned *)(completions + small.params.cq_off.head), 10);
	check_equal(ring_enter(&large, 96, 96), 96);
	check_equal(ring_waiting(&large), 4096);
	for (unsigned i = 0; i < 4096; i++)
		check_equal(ring_take(&large, i), 0);
	ring_turn(&small, 20);
	ring_turn(&large, 20);
	return finish();
}
