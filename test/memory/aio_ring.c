// SPDX-License-Identifier: GPL-2.0
// differs: /.aio. .deleted
/* Contexts of asynchronous I/O: an unused one, one whose ring has been gone round several times, and one with events that
 * nobody has fetched. All work on, each under its number. */
#include "test.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FRESH, USED, WAITING, CONTEXTS };

static int fd;

/* A write that carries a number. */
static void submit(aio_context_t context, unsigned number)
{
	static char bytes[4] = "abc";
	struct iocb request = { .aio_data = number, .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = fd, .aio_buf = (unsigned long)bytes,
				.aio_nbytes = number % 4 }, *requests[1] = { &request };

	must(syscall(SYS_io_submit, context, 1, requests) - 1 ? -1 : 0);
}

static void fetch(aio_context_t context, unsigned number)
{
	struct timespec at_once = { 0, 0 };
	struct io_event event = { .res = -1 };

	check_equal(syscall(SYS_io_getevents, context, 1, 1, &event, &at_once), 1);
	check_equal(event.data, number);
	check_equal(event.res, number % 4);
}

static void fetch_nothing(aio_context_t context)
{
	struct timespec at_once = { 0, 0 };
	struct io_event event;

	check_equal(syscall(SYS_io_getevents, context, 0, 1, &event, &at_once), 0);
}

int main(void)
{
	aio_context_t contexts[CONTEXTS] = { 0 };
	const unsigned sizes[CONTEXTS] = { 1000, 16, 16 };
	unsigned i;

	for (i = 0; i < CONTEXTS; i++)
		if (syscall(SYS_io_setup, sizes[i], &contexts[i]) < 0)
			skip("this kernel has no AIO");
	fd = must(open("file", O_RDWR | O_CREAT, 0644));
	for (i = 0; i < 1000; i++) {
		submit(contexts[USED], i);
		fetch(contexts[USED], i);
		if (i < 90) {
			submit(contexts[WAITING], i);
			fetch(contexts[WAITING], i);
		}
	}
	for (i = 0; i < 60; i++) /* across the end of the ring */
		submit(contexts[WAITING], 100 + i);

	participant(checkpoint); /* a child has the mapping and not the context; it gets one of its own */
	checkpoint();

	for (i = 0; i < 60; i++)
		fetch(contexts[WAITING], 100 + i);
	fetch_nothing(contexts[USED]);
	for (i = 0; i < CONTEXTS * 300; i++) {
		submit(contexts[i % CONTEXTS], i);
		fetch(contexts[i % CONTEXTS], i);
	}
	for (i = 0; i < 20; i++)
		submit(contexts[USED], i);
	for (i = 0; i < 20; i++)
		fetch(contexts[USED], i);
	for (i = 0; i < CONTEXTS; i++) {
		fetch_nothing(contexts[i]);
		check_equal(syscall(SYS_io_destroy, contexts[i]), 0);
	}
	return finish();
}
