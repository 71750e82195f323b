// SPDX-License-Identifier: GPL-2.0
// link: -pthread
/* A thread that waits in connect(), for the listener has no room, is connected when it has. */
#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static volatile pid_t waiter;
static volatile int connected = -2;
static int client;

static void *wait_in_connect(void *argument)
{
	waiter = gettid();
	connected = connect(client, (struct sockaddr *)&address, sizeof(address));
	return NULL;
}

/* /proc/self/task/TID/syscall: the number of the call it sleeps in. */
static bool is_connecting(pid_t tid)
{
	char path[64], text[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	file = fopen(path, "r");
	if (file) {
		if (!fgets(text, sizeof(text), file))
			text[0] = '\0';
		fclose(file);
	}
	return !strncmp(text, "42 ", 3); /* connect() on x86-64 */
}

int main(void)
{
	int listener = must(socket(AF_UNIX, SOCK_STREAM, 0)), first = must(socket(AF_UNIX, SOCK_STREAM, 0)), one, two;
	char byte = 0;
	pthread_t thread;

	snprintf(address.sun_path + 1, 32, "full-%d", getpid());
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	must(listen(listener, 0));
	client = must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(first, (struct sockaddr *)&address, sizeof(address)));
	pthread_create(&thread, NULL, wait_in_connect, NULL);
	wait_for(waiter && is_connecting(waiter));
	checkpoint();
	check_equal(connected, -2);
	one = must(accept(listener, NULL, NULL));
	pthread_join(thread, NULL);
	check_equal(connected, 0);
	two = must(accept(listener, NULL, NULL));
	must(write(first, "1", 1));
	must(write(client, "2", 1));
	check(read(one, &byte, 1) == 1 && byte == '1');
	check(read(two, &byte, 1) == 1 && byte == '2');
	return finish();
}
