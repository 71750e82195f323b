// SPDX-License-Identifier: GPL-2.0
// differs: fd \d+: .*it_value
/* Timer descriptors of every clock: relative and absolute, cancelled when the clock is set, expired with ticks that
 * were not read, an absolute time long past. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM };
enum { COUNT = sizeof(clocks) / sizeof(clocks[0]), LONG = 3000 };

struct timers {
	int relative, absolute, expired, ticking, disarmed;
};

/* The clock that tells its time: those of alarms cannot be read without a real-time clock device. */
static clockid_t reading(clockid_t clock)
{
	return clock == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME : clock == CLOCK_BOOTTIME_ALARM ? CLOCK_BOOTTIME : clock;
}

static int make(clockid_t clock, int flags, long seconds, long nanoseconds, long interval)
{
	int fd = must(timerfd_create(clock, TFD_NONBLOCK));
	struct itimerspec spec = { { 0, interval }, { seconds, nanoseconds } };

	must(timerfd_settime(fd, flags, &spec, NULL));
	return fd;
}

static long long line(int fd, const char *key, int base)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return proc_number(path, key, base);
}

static void check_left(int fd, long most)
{
	struct itimerspec now;

	must(timerfd_gettime(fd, &now));
	check(now.it_value.tv_sec <= most && now.it_value.tv_sec > most - 100, "%ld s are left", now.it_value.tv_sec);
}

int main(void)
{
	struct timers timers[COUNT];
	int usable[COUNT] = { 0 };
	uint64_t ticks;

	for (int i = 0; i < COUNT; i++) {
		bool real = reading(clocks[i]) == CLOCK_REALTIME;
		int flags = TFD_TIMER_ABSTIME | (real ? TFD_TIMER_CANCEL_ON_SET : 0), fd = timerfd_create(clocks[i], 0);
		struct timespec now;

		if (fd < 0)
			continue; /* no device that could wake the machine, or no right to */
		must(close(fd));
		usable[i] = 1;
		must(clock_gettime(reading(clocks[i]), &now));
		timers[i] = (struct timers){ .relative = make(clocks[i], 0, LONG, 0, 0),
					     .absolute = make(clocks[i], flags, now.tv_sec + LONG, 0, 0),
					     .expired = make(clocks[i], TFD_TIMER_ABSTIME, 1, 0, 0),
					     .ticking = make(clocks[i], 0, 0, 5000000, 5000000),
					     .disarmed = make(clocks[i], 0, LONG, 0, 0) };
		must(timerfd_settime(timers[i].disarmed, 0, &(struct itimerspec){ 0 }, NULL));
	}
	sleep_milliseconds(30);

	checkpoint();

	for (int i = 0; i < COUNT; i++) {
		bool real = reading(clocks[i]) == CLOCK_REALTIME;

		if (!usable[i])
			continue;
		check_equal(line(timers[i].relative, "clockid", 10), clocks[i]);
		check_left(timers[i].relative, LONG);
		check_left(timers[i].absolute, LONG);
		check_equal(line(timers[i].absolute, "settime flags", 8), real ? 3 : 1);
		check(read(timers[i].absolute, &ticks, sizeof(ticks)) < 0 && errno == EAGAIN, "it has expired or was cancelled");
		check(read(timers[i].expired, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks == 1);
		check(read(timers[i].ticking, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks >= 5, "%lu ticks", ticks);
		check(read(timers[i].disarmed, &ticks, sizeof(ticks)) < 0 && errno == EAGAIN);
	}
	check(usable[0] && usable[1] && usable[2]);
	return finish();
}
