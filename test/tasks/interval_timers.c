// SPDX-License-Identifier: GPL-2.0
// differs: ShdPnd
/* The three interval timers: what is left, the interval, and that they still fire; one rings when somebody looks. */
#include "test.h"

#include <signal.h>
#include <sys/time.h>

static volatile int alarms;

static void count(int signal)
{
	alarms++;
}

static void set_timer(int which, double value, double interval)
{
	struct itimerval timer = { .it_value = { value, (long)(value * 1e6) % 1000000 },
				   .it_interval = { interval, (long)(interval * 1e6) % 1000000 } };

	must(setitimer(which, &timer, NULL));
}

static void check_timer(int which, double most, double least, double interval)
{
	struct itimerval now;
	double left, again;

	must(getitimer(which, &now));
	left = now.it_value.tv_sec + now.it_value.tv_usec / 1e6;
	again = now.it_interval.tv_sec + now.it_interval.tv_usec / 1e6;
	check(left <= most && left >= least, "timer %d has %f s left, should be %f to %f", which, left, least, most);
	check(again > interval - 0.02 && again < interval + 0.02, "timer %d has interval %f", which, again);
}

static void ringing(void)
{
	signal(SIGALRM, count);
	set_timer(ITIMER_REAL, 0.05, 0.05);
	checkpoint();
	alarms = 0;
	wait_for(alarms >= 3);
	check(alarms >= 3);
}

int main(void)
{
	participant(ringing);
	set_timer(ITIMER_REAL, 5000.5, 77.25);
	set_timer(ITIMER_VIRTUAL, 6000, 33.5);
	set_timer(ITIMER_PROF, 7000.75, 0);

	checkpoint();

	check_timer(ITIMER_REAL, 5000.5, 4900, 77.25);
	check_timer(ITIMER_VIRTUAL, 6000.1, 5990, 33.5);
	check_timer(ITIMER_PROF, 7000.85, 6990, 0);
	return finish();
}
