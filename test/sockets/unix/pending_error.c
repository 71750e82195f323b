// SPDX-License-Identifier: GPL-2.0
// refused: has an error waiting
/* A datagram socket whose peer turned to somebody else, with a message of it unread: the error cannot be made again, and
 * whoever looks into the queue takes it. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un addresses[3];

static int named(int number)
{
	int fd = must(socket(AF_UNIX, SOCK_DGRAM, 0));

	addresses[number].sun_family = AF_UNIX;
	snprintf(addresses[number].sun_path + 1, 32, "error-%d-%d", getpid(), number);
	must(bind(fd, (struct sockaddr *)&addresses[number], sizeof(addresses[number])));
	return fd;
}

static void connect_to(int fd, int number)
{
	must(connect(fd, (struct sockaddr *)&addresses[number], sizeof(addresses[number])));
}

int main(void)
{
	int one = named(0), other = named(1);
	char text[8];

	named(2);
	connect_to(one, 1);
	connect_to(other, 0);
	must(write(one, "lost", 4));
	connect_to(other, 2);
	checkpoint();
	check(read(one, text, sizeof(text)) < 0 && errno == ECONNRESET);
	return finish();
}
