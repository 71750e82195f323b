// SPDX-License-Identifier: GPL-2.0
/* Event counters: value, flags, one shared by two processes, one at its limit. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int shared;

static void child(void)
{
	checkpoint();
	check_equal(eventfd_write(shared, 5), 0);
}

int main(void)
{
	int plain = must(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	int full = must(eventfd(0, EFD_NONBLOCK));
	eventfd_t value = 0;

	must(eventfd_write(plain, 0x123456789abcULL));
	must(eventfd_write(full, 0xfffffffffffffffeULL));
	shared = must(eventfd(0, 0));
	participant(child);

	checkpoint();

	check(eventfd_read(plain, &value) == 0 && value == 0x123456789abcULL);
	check(eventfd_read(plain, &value) < 0 && errno == EAGAIN);
	check_equal(fcntl(plain, F_GETFD), FD_CLOEXEC);
	check(eventfd_write(full, 1) < 0 && errno == EAGAIN);
	check(eventfd_read(full, &value) == 0 && value == 0xfffffffffffffffeULL);
	check(eventfd_read(shared, &value) == 0 && value == 5);
	return finish();
}
