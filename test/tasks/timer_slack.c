// SPDX-License-Identifier: GPL-2.0
/* Timer slack, another one for each thread. */
#include "test.h"

#include <pthread.h>
#include <sys/prctl.h>

static volatile int ready, go_on;

static void *thread(void *unused)
{
	must(prctl(PR_SET_TIMERSLACK, 7000000, 0, 0, 0));
	ready = 1;
	while (!go_on)
		sleep_milliseconds(5);
	check_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 7000000);
	return NULL;
}

int main(void)
{
	pthread_t other;

	must(prctl(PR_SET_TIMERSLACK, 1234, 0, 0, 0));
	pthread_create(&other, NULL, thread, NULL);
	while (!ready)
		sleep_milliseconds(1);
	checkpoint();
	go_on = 1;
	check_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1234);
	pthread_join(other, NULL);
	return finish();
}
