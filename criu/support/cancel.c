// SPDX-License-Identifier: GPL-2.0
#include "support/cancel.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "support/supervisor.h"

/* A signal may come just before a system call that waits: it comes again until it is seen. */
enum { AGAIN_US = 50000 };

static const int requests[] = { SIGINT, SIGTERM, SIGHUP };
enum { REQUEST_COUNT = sizeof(requests) / sizeof(requests[0]) };

static struct {
	volatile sig_atomic_t signal; /* the first that asked; SIGALRM: the time is over */
	volatile sig_atomic_t never;
	bool armed;
	unsigned seconds;
	struct sigaction before[REQUEST_COUNT], alarm_before;
	struct itimerval rest; /* of the limit, while it does not run */
} cancel;

static void note(int signal)
{
	const struct itimerval again = { .it_interval.tv_usec = AGAIN_US, .it_value.tv_usec = AGAIN_US };

	if (cancel.signal)
		return;
	cancel.signal = signal;
	if (!cancel.never)
		setitimer(ITIMER_REAL, &again, NULL);
}

void cancel_arm(unsigned seconds)
{
	const struct sigaction action = { .sa_handler = note }; /* no SA_RESTART: who waits shall look */
	const struct itimerval limit = { .it_value.tv_sec = seconds };

	cancel.signal = cancel.never = 0;
	cancel.seconds = seconds;
	for (size_t i = 0; i < REQUEST_COUNT; i++) {
		sigaction(requests[i], NULL, &cancel.before[i]);
		/* A worker must hear of its supervisor's end. */
		if (cancel.before[i].sa_handler != SIG_IGN || (requests[i] == SUPERVISOR_ENDED && supervisor_pid()))
			sigaction(requests[i], &action, NULL);
	}
	sigaction(SIGALRM, &action, &cancel.alarm_before);
	if (seconds)
		setitimer(ITIMER_REAL, &limit, NULL);
	cancel.armed = true;
	if (supervisor_has_ended())
		note(SUPERVISOR_ENDED);
}

struct error *cancel_check(void)
{
	int signal = cancel.signal;

	if (!signal || cancel.never)
		return NULL;
	if (signal == SIGALRM)
		return with_hint(fail_number(ETIMEDOUT, "the run is not done after %u seconds", cancel.seconds),
				 "Raise --timeout, or leave it out.");
	if (supervisor_has_ended())
		return with_hint(fail_number(EINTR, "the run was given up: the criu process that was started is gone"),
				 "Everything is as it was before; start it again.");
	return with_hint(fail_number(EINTR, "the run was ended by SIG%s", sigabbrev_np(signal)),
			 "Everything is as it was before; start it again.");
}

void cancel_never(void)
{
	const struct itimerval off = {};

	if (cancel.armed && !cancel.never)
		setitimer(ITIMER_REAL, &off, &cancel.rest);
	cancel.never = 1;
}

void cancel_resume(void)
{
	cancel.never = 0;
	setitimer(ITIMER_REAL, &cancel.rest, NULL);
}

void cancel_disarm(void)
{
	if (!cancel.armed)
		return;
	cancel_never();
	if (supervisor_pid()) /* a worker is done, and must be able to say so */
		return;
	for (size_t i = 0; i < REQUEST_COUNT; i++)
		sigaction(requests[i], &cancel.before[i], NULL);
	sigaction(SIGALRM, &cancel.alarm_before, NULL);
	cancel.armed = false;
}
