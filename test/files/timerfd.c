// SPDX-License-Identifier: GPL-2.0
// differs: fd \d+: .*it_value
/* Timer descriptors: clock, time left, interval, expirations not read yet, absolute and disarmed ones. */
#include "test.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int make(clockid_t clock, long value, long interval)
{
	int fd = must(timerfd_create(clock, TFD_NONBLOCK | TFD_CLOEXEC));
	struct itimerspec spec = { .it_value.tv_sec = value, .it_interval.tv_sec = interval };

	must(timerfd_settime(fd, 0, &spec, NULL));
	return fd;
}

static void check_left(int fd, long most, long least, long interval)
{
	struct itimerspec now;

	must(timerfd_gettime(fd, &now));
	check(now.it_value.tv_sec <= most && now.it_value.tv_sec >= least, "%ld s are left, should be %ld to %ld",
	      now.it_value.tv_sec, least, most);
	check_equal(now.it_interval.tv_sec, interval);
}

int main(void)
{
	int monotonic = make(CLOCK_MONOTONIC, 1000, 7), real = make(CLOCK_REALTIME, 2000, 0);
	int boot = make(CLOCK_BOOTTIME, 3000, 0), disarmed = make(CLOCK_MONOTONIC, 0, 0);
	int ticking = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)), over;
	struct itimerspec often = { .it_value.tv_nsec = 10000000, .it_interval.tv_nsec = 10000000 };
	struct itimerspec once = { .it_value.tv_nsec = 1000000 };
	uint64_t count = 0;

	over = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	must(timerfd_settime(over, 0, &once, NULL));
	must(timerfd_settime(ticking, 0, &often, NULL));
	sleep_milliseconds(55);

	checkpoint();

	check_left(monotonic, 1000, 900, 7);
	check_left(real, 2000, 1900, 0);
	check_left(boot, 3000, 2900, 0);
	check_left(disarmed, 0, 0, 0);
	check(read(disarmed, &count, sizeof(count)) < 0 && errno == EAGAIN);
	check_equal(read(over, &count, sizeof(count)), sizeof(count));
	check_equal(count, 1);
	check_equal(read(ticking, &count, sizeof(count)), sizeof(count));
	check(count >= 5, "%lu expirations are left of at least 5", count);
	sleep_milliseconds(30);
	check(read(ticking, &count, sizeof(count)) == sizeof(count) && count >= 2, "it does not tick any more");
	return finish();
}
