// SPDX-License-Identifier: GPL-2.0
/* Rings that are at rest: a fresh one, one whose rings have been gone round several times, one with completions that
 * nobody has fetched and requests that were not submitted. All work on, also in a child that shares them and in an epoll. */
#include "ring.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>

enum { FRESH, USED, WAITING, DEFERRED, RINGS };

static struct ring rings[RINGS];
static int file, ends[2], epoll;
static char text[16];

static void write_and_read(struct ring *ring)
{
	struct io_uring_sqe *request = ring_request(ring, IORING_OP_WRITE, file, 71);

	request->addr = (uintptr_t)"something";
	request->len = 9;
	check_equal(ring_enter(ring, 1, 1), 1);
	check_equal(ring_take(ring, 71), 9);
	memset(text, 0, sizeof(text));
	request = ring_request(ring, IORING_OP_READ, file, 72);
	request->addr = (uintptr_t)text;
	request->len = sizeof(text);
	check_equal(ring_enter(ring, 1, 1), 1);
	check_equal(ring_take(ring, 72), 9);
	check_equal(memcmp(text, "something", 9), 0);
}

/* It is in flight until somebody writes. */
static void await_pipe(struct ring *ring)
{
	struct io_uring_sqe *request = ring_request(ring, IORING_OP_POLL_ADD, ends[0], 81);

	request->poll32_events = POLLIN;
	check_equal(ring_enter(ring, 1, 0), 1);
	check_equal(ring_waiting(ring), 0);
	check_equal(write(ends[1], "x", 1), 1);
	check_equal(ring_enter(ring, 0, 1), 0);
	check_equal(ring_take(ring, 81), POLLIN);
	check_equal(read(ends[0], text, 1), 1);
}

/* Is it the only one that has completions? */
static void check_readable(int ring)
{
	struct epoll_event events[RINGS];
	int count = epoll_wait(epoll, events, RINGS, 0), readable = -1;

	for (int i = 0; i < count; i++)
		if (events[i].events & EPOLLIN) {
			check_equal(readable, -1);
			readable = (int)events[i].data.u32;
		}
	check_equal(readable, ring);
}

static void child(void)
{
	checkpoint();
	meet(); /* the parent has done its part */
	for (int i = 0; i < RINGS; i++)
		if (i != DEFERRED)
			write_and_read(&rings[i]);
}

int main(void)
{
	ring_open(&rings[FRESH], 4, 0, 0);
	ring_open(&rings[USED], 8, IORING_SETUP_CLAMP, 64);
	ring_open(&rings[WAITING], 4, 0, 0);
	ring_open(&rings[DEFERRED], 4, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0);
	epoll = must(epoll_create1(0));
	for (int i = 0; i < RINGS; i++)
		must(epoll_ctl(epoll, EPOLL_CTL_ADD, rings[i].fd, &(struct epoll_event){ .events = EPOLLIN, .data.u32 = i }));
	must(pipe(ends));
	file = must(open("file", O_RDWR | O_CREAT, 0644));
	ring_turn(&rings[USED], 1000);
	ring_turn(&rings[WAITING], 14);
	for (int i = 0; i < 8; i++) {
		ring_request(&rings[WAITING], IORING_OP_NOP, -1, 100 + i);
		check_equal(ring_enter(&rings[WAITING], 1, 0), 1);
	}
	ring_request(&rings[WAITING], IORING_OP_NOP, -1, 200);
	ring_request(&rings[WAITING], IORING_OP_READ, 12345, 201);
	participant(child);
	check_readable(WAITING);
	checkpoint();

	check_readable(WAITING);
	check_equal(ring_waiting(&rings[WAITING]), 8);
	for (int i = 0; i < 8; i++)
		check_equal(ring_take(&rings[WAITING], 100 + i), 0);
	check_equal(ring_enter(&rings[WAITING], 2, 2), 2);
	check_equal(ring_take(&rings[WAITING], 200), 0);
	check_equal(ring_take(&rings[WAITING], 201), -EBADF);
	check_readable(-1);
	for (int i = 0; i < RINGS; i++) {
		ring_request(&rings[i], IORING_OP_NOP, -1, 77);
		check_equal(ring_enter(&rings[i], 1, 0), 1);
		check_readable(i);
		check_equal(ring_take(&rings[i], 77), 0);
		write_and_read(&rings[i]);
		await_pipe(&rings[i]);
		ring_turn(&rings[i], 100);
	}
	meet();
	return finish();
}
