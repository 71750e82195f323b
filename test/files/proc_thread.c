// SPDX-License-Identifier: GPL-2.0
// refused: is about a single thread
/* A file of /proc about one thread: it cannot be opened before that thread exists. */
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile pid_t number;
static volatile bool go_on;

static void *thread(void *unused)
{
	number = syscall(SYS_gettid);
	while (!go_on)
		sleep_milliseconds(2);
	return unused;
}

int main(void)
{
	char path[64], byte;
	pthread_t id;
	int file;

	must(pthread_create(&id, NULL, thread, NULL));
	wait_for(number);
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", number);
	file = must(open(path, O_RDONLY));
	checkpoint();
	check_equal(read(file, &byte, 1), 1);
	go_on = true;
	check_equal(pthread_join(id, NULL), 0);
	return finish();
}
