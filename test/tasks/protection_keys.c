// SPDX-License-Identifier: GPL-2.0
/* PKRU: the rights of each protection key, another set in each thread. */
#include "test.h"

#include <pthread.h>
#include <sys/mman.h>

static volatile int ready, go_on;
static int key;

static void *thread(void *unused)
{
	must(pkey_set(key, PKEY_DISABLE_ACCESS));
	ready = 1;
	while (!go_on)
		sleep_milliseconds(2);
	check_equal(pkey_get(key), PKEY_DISABLE_ACCESS);
	return NULL;
}

int main(void)
{
	pthread_t id;

	key = pkey_alloc(0, 0);
	if (key < 0)
		skip("this CPU has no protection keys");
	must(pkey_set(key, PKEY_DISABLE_WRITE));
	must(-pthread_create(&id, NULL, thread, NULL));
	wait_for(ready);
	checkpoint();
	check_equal(pkey_get(key), PKEY_DISABLE_WRITE);
	go_on = 1;
	pthread_join(id, NULL);
	return finish();
}
