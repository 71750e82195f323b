// SPDX-License-Identifier: GPL-2.0
// link: -lrt
/* POSIX message queues: messages with priorities stay in order, attributes, modes, several descriptions of one queue, a
 * queue that is gone meanwhile, one without a name, a registration for nothing. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char names[4][64];

static mqd_t make(const char *name, int flags, long count, long size)
{
	struct mq_attr attributes = { .mq_maxmsg = count, .mq_msgsize = size };
	mqd_t queue = mq_open(name, O_CREAT | O_EXCL | flags, 0640, &attributes);

	if (queue < 0 && errno == ENOSYS)
		skip("this kernel has no message queues");
	return must(queue);
}

static void check_message(mqd_t queue, const char *text, unsigned priority)
{
	char buffer[256] = "";
	unsigned found = 0;

	if (check(mq_receive(queue, buffer, sizeof(buffer), &found) == (ssize_t)strlen(text), "no message: %d", errno))
		check(!strncmp(buffer, text, strlen(text)) && found == priority, "\"%s\" of priority %u", buffer, found);
}

static void check_empty(mqd_t queue)
{
	char buffer[256];

	check(mq_receive(queue, buffer, sizeof(buffer), NULL) < 0 && errno == EAGAIN, "it is not empty");
}

int main(void)
{
	struct sigevent nothing = { .sigev_notify = SIGEV_NONE };
	mqd_t full, reader, empty, nameless, second, writer;
	struct mq_attr attributes;
	struct stat stat;

	for (int i = 0; i < 4; i++)
		snprintf(names[i], sizeof(names[i]), "/criu-test.%d.%d", getpid(), i);
	full = make(names[0], O_RDWR | O_NONBLOCK, 4, 64);
	must(mq_send(full, "low", 3, 1));
	must(mq_send(full, "high", 4, 9));
	must(mq_send(full, "low too", 7, 1));
	must(mq_send(full, "", 0, 0));
	reader = must(mq_open(names[0], O_RDONLY | O_NONBLOCK));
	empty = make(names[1], O_RDWR | O_NONBLOCK | O_CLOEXEC, 7, 200);
	must(mq_notify(empty, &nothing));
	nameless = make(names[2], O_RDWR | O_NONBLOCK, 2, 32);
	second = must(mq_open(names[2], O_RDONLY | O_NONBLOCK));
	must(mq_unlink(names[2]));
	writer = make(names[3], O_WRONLY, 3, 16);

	checkpoint();

	check(mq_send(full, "more", 4, 5) < 0 && errno == EAGAIN, "there is room");
	check_message(reader, "high", 9);
	check_message(full, "low", 1);
	check_message(reader, "low too", 1);
	check_message(reader, "", 0);
	check_empty(full);
	check(mq_send(reader, "x", 1, 0) < 0 && errno == EBADF, "a reader can send");
	must(mq_getattr(empty, &attributes));
	check(attributes.mq_maxmsg == 7 && attributes.mq_msgsize == 200 && attributes.mq_flags == O_NONBLOCK);
	must(fstat(empty, &stat));
	check_equal(stat.st_mode & 07777, 0640);
	check(mq_notify(empty, &nothing) < 0 && errno == EBUSY, "the registration is lost");
	check_empty(empty);
	check_equal(mq_send(nameless, "there", 5, 2), 0);
	check_message(second, "there", 2);
	check(mq_open(names[2], O_RDONLY) < 0 && errno == ENOENT, "the queue has its name again");
	check_equal(mq_send(writer, "x", 1, 0), 0);
	for (int i = 0; i < 4; i++)
		mq_unlink(names[i]);
	return finish();
}
