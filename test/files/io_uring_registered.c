// SPDX-License-Identifier: GPL-2.0
/* What is registered with rings: files in a table with free slots, of which the kernel may choose some; an eventfd that
 * counts completions. Also with a ring that only one thread may use. A tag is told when its file goes. */
#include "ring.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>

enum { REGISTER_FILES2 = 13, FILES_UPDATE2 = 14, FILE_RANGE = 25, SLOTS = 8, COUNT = 3, TAG = 777 };

struct table_request {
	uint32_t count, flags;
	uint64_t unused, data, tags;
};

struct update_request {
	uint32_t slot, unused;
	uint64_t data, tags;
	uint32_t count, unused2;
};

static const unsigned flags[COUNT] = { 0, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_R_DISABLED };
static struct ring rings[COUNT];
static int ends[2], file, counters[COUNT];

static void register_all(int i)
{
	int fds[SLOTS] = { -1, ends[1], -1, file, -1, -1, -1, -1 };
	uint64_t tags[SLOTS] = { [3] = TAG };
	struct table_request request = { .count = SLOTS, .data = (uintptr_t)fds, .tags = (uintptr_t)tags };
	struct {
		uint32_t start, length;
		uint64_t unused;
	} range = { 5, 2, 0 };

	must(syscall(SYS_io_uring_register, rings[i].fd, REGISTER_FILES2, &request, sizeof(request)));
	must(syscall(SYS_io_uring_register, rings[i].fd, FILE_RANGE, &range, 0));
	counters[i] = must(eventfd(0, EFD_NONBLOCK));
	must(syscall(SYS_io_uring_register, rings[i].fd, i ? IORING_REGISTER_EVENTFD : IORING_REGISTER_EVENTFD_ASYNC, &counters[i], 1));
}

static void use_slot(struct ring *ring, unsigned slot, int result)
{
	struct io_uring_sqe *request = ring_request(ring, IORING_OP_WRITE, slot, slot);

	request->flags = IOSQE_FIXED_FILE;
	request->addr = (uintptr_t)"text";
	request->len = 4;
	check_equal(ring_enter(ring, 1, 1), 1);
	check_equal(ring_take(ring, slot), result);
}

/* The kernel chooses the slot. */
static void open_somewhere(struct ring *ring)
{
	struct io_uring_sqe *request = ring_request(ring, IORING_OP_OPENAT, AT_FDCWD, 50);
	int slot;

	request->addr = (uintptr_t)"file";
	request->open_flags = O_WRONLY;
	request->file_index = IORING_FILE_INDEX_ALLOC;
	check_equal(ring_enter(ring, 1, 1), 1);
	slot = ring_take(ring, 50);
	check(slot == 5 || slot == 6, " slot %d", slot);
	use_slot(ring, slot, 4);
}

static void forget(struct ring *ring)
{
	int none = -1;
	struct update_request request = { .slot = 3, .data = (uintptr_t)&none, .count = 1 };

	check_equal(syscall(SYS_io_uring_register, ring->fd, FILES_UPDATE2, &request, sizeof(request)), 1);
	check_equal(ring_enter(ring, 0, 1), 0);
	check_equal(ring_take(ring, TAG), 0);
	use_slot(ring, 3, -EBADF);
}

int main(void)
{
	char text[16];

	must(pipe(ends));
	file = must(open("file", O_RDWR | O_CREAT, 0644));
	for (int i = 0; i < COUNT; i++) {
		ring_open(&rings[i], 4, flags[i], 0);
		if (i < 2)
			ring_turn(&rings[i], 7);
		register_all(i);
		if (i < 2)
			use_slot(&rings[i], 1, 4);
	}
	must(read(ends[0], text, 8) - 8);
	for (int i = 0; i < COUNT; i++)
		(void)!read(counters[i], text, 8);
	checkpoint();

	must(syscall(SYS_io_uring_register, rings[2].fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0));
	for (int i = 0; i < COUNT; i++) {
		uint64_t count = 0;

		check_equal(read(counters[i], &count, 8), -1);
		use_slot(&rings[i], 0, -EBADF);
		use_slot(&rings[i], 1, 4);
		check_equal(read(ends[0], text, 16), 4);
		/* Of the first only what worker threads complete. */
		check_equal(read(counters[i], &count, 8), i ? 8 : -1);
		check_equal(count, i ? 2 : 0);
		use_slot(&rings[i], 3, 4);
		open_somewhere(&rings[i]);
		forget(&rings[i]);
	}
	return finish();
}
