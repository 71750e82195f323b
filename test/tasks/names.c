// SPDX-License-Identifier: GPL-2.0
/* The names of processes and threads, with what makes parsers stumble. */
#include "test.h"

#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>

static const char *const names[] = { "plain", "two words", ") S 1 (", "fifteen letters", "", "tab\tand\nline", "\xc3\xa4\xff" };
enum { COUNT = sizeof(names) / sizeof(names[0]) };

static volatile int ready, go_on;

static void check_name(const char *wanted)
{
	char name[16] = "";

	must(prctl(PR_GET_NAME, name));
	check(strcmp(name, wanted) == 0, "'%s' instead of '%s'", name, wanted);
}

static void *thread(void *argument)
{
	must(prctl(PR_SET_NAME, argument));
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!go_on)
		sleep_milliseconds(2);
	check_name(argument);
	return NULL;
}

static void child(void)
{
	must(prctl(PR_SET_NAME, "the (child) 1"));
	checkpoint();
	check_name("the (child) 1");
}

int main(void)
{
	pthread_t threads[COUNT];
	int i;

	must(prctl(PR_SET_NAME, "root) Z 0 0 0"));
	participant(child);
	for (i = 0; i < COUNT; i++)
		must(-pthread_create(&threads[i], NULL, thread, (void *)names[i]));
	wait_for(ready == COUNT);
	checkpoint();
	check_name("root) Z 0 0 0");
	go_on = 1;
	for (i = 0; i < COUNT; i++)
		pthread_join(threads[i], NULL);
	return finish();
}
