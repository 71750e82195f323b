// SPDX-License-Identifier: GPL-2.0
// refused: of its own
/* A thread that has left its process's root and working directory (unshare): no image can tell the two apart. */
#include "test.h"

#include <pthread.h>
#include <sched.h>

static volatile int ready, go_on;

static void *thread(void *unused)
{
	must(unshare(CLONE_FS));
	ready = 1;
	while (!go_on)
		sleep_milliseconds(2);
	return NULL;
}

int main(void)
{
	pthread_t id;

	must(-pthread_create(&id, NULL, thread, NULL));
	wait_for(ready);
	checkpoint();
	go_on = 1;
	check_equal(pthread_join(id, NULL), 0);
	return finish();
}
