// SPDX-License-Identifier: GPL-2.0
// refused: requests in flight
/* Nobody but the kernel knows a request that it has not completed. */
#include "ring.h"

#include <poll.h>

int main(void)
{
	struct ring ring;
	int ends[2];

	must(pipe(ends));
	ring_open(&ring, 4, 0, 0);
	ring_turn(&ring, 3);
	ring_request(&ring, IORING_OP_POLL_ADD, ends[0], 4)->poll32_events = POLLIN;
	check_equal(ring_enter(&ring, 1, 0), 1);
	checkpoint();

	check_equal(ring_waiting(&ring), 0);
	check_equal(write(ends[1], "x", 1), 1);
	check_equal(ring_enter(&ring, 0, 1), 0);
	check_equal(ring_take(&ring, 4), POLLIN);
	return finish();
}
