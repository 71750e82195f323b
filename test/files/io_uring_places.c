// SPDX-License-Identifier: GPL-2.0
/* The kernel's places in the two rings, which are not the same number: requests that have several completions, or none,
 * completions without a request, entries that were dropped. And rings that have been gone round often. */
#include "ring.h"

#include <poll.h>

enum { MORE, LESS, MESSAGES, DROPPED, OFTEN, BUSY, RINGS };

static struct ring rings[RINGS];

/* A poll that goes on completes each time; then it is removed. */
static void have_more(struct ring *ring)
{
	int ends[2];
	char byte;

	must(pipe(ends));
	ring_request(ring, IORING_OP_POLL_ADD, ends[0], 1)->poll32_events = POLLIN;
	ring->requests[0].len = IORING_POLL_ADD_MULTI;
	check_equal(ring_enter(ring, 1, 0), 1);
	for (int i = 0; i < 5; i++) {
		must(write(ends[1], "x", 1));
		check_equal(ring_enter(ring, 0, 1), 0);
		check_equal(ring_take(ring, 1), POLLIN);
		must(read(ends[0], &byte, 1));
	}
	ring_request(ring, IORING_OP_POLL_REMOVE, -1, 2)->addr = 1;
	check_equal(ring_enter(ring, 1, 2), 1);
	check_equal(ring_waiting(ring), 2);
	*ring_word(ring, ring->params.cq_off.head) += 2;
	close(ends[0]);
	close(ends[1]);
}

static void have_less(struct ring *ring)
{
	for (int i = 0; i < 7; i++) {
		ring_request(ring, IORING_OP_NOP, -1, 3)->flags = IOSQE_CQE_SKIP_SUCCESS;
		check_equal(ring_enter(ring, 1, 0), 1);
	}
	ring_turn(ring, 5);
	check_equal(ring_waiting(ring), 0);
}

static void send_messages(struct ring *from, struct ring *to)
{
	for (int i = 0; i < 40; i++) {
		struct io_uring_sqe *request = ring_request(from, IORING_OP_MSG_RING, to->fd, 4);

		request->off = 1000 + i;
		request->len = i;
		request->flags = IOSQE_CQE_SKIP_SUCCESS;
		check_equal(ring_enter(from, 1, 0), 1);
		if (i < 37)
			check_equal(ring_take(to, 1000 + i), i);
	}
}

static void drop(struct ring *ring)
{
	for (int i = 0; i < 3; i++) {
		unsigned index = *ring_word(ring, ring->params.sq_off.tail) & (ring->params.sq_entries - 1);

		ring_request(ring, IORING_OP_NOP, -1, 5);
		ring_word(ring, ring->params.sq_off.array)[index] = 4321;
		check_equal(ring_enter(ring, 1, 0), 0);
	}
	check_equal(*ring_word(ring, ring->params.sq_off.dropped), 3);
}

/* May a request wait for all before it? Not in a ring where some had no completion. */
static int drain(struct ring *ring)
{
	ring_request(ring, IORING_OP_NOP, -1, 6)->flags = IOSQE_IO_DRAIN;
	check_equal(ring_enter(ring, 1, 1), 1);
	return ring_take(ring, 6);
}

int main(void)
{
	for (int i = 0; i < RINGS; i++)
		ring_open(&rings[i], 4, 0, i == MESSAGES ? 16 : 0);
	have_more(&rings[MORE]);
	have_less(&rings[LESS]);
	send_messages(&rings[OFTEN], &rings[MESSAGES]);
	drop(&rings[DROPPED]);
	ring_turn(&rings[OFTEN], 50000);
	for (int i = 0; i < 20; i++) /* more than there is room for wait to be fetched, and are */
		ring_turn(&rings[BUSY], i);
	checkpoint();

	for (int i = 0; i < 3; i++)
		check_equal(ring_take(&rings[MESSAGES], 1037 + i), 37 + i);
	for (int i = 0; i < RINGS; i++) {
		check_equal(ring_waiting(&rings[i]), 0);
		check_equal(drain(&rings[i]), i == LESS || i == OFTEN ? -EOPNOTSUPP : 0);
		ring_turn(&rings[i], 30);
	}
	return finish();
}
