// SPDX-License-Identifier: GPL-2.0
/* Unread events: kept where the program runs on, an overflow where it was restored. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static _Alignas(struct inotify_event) char buffer[4096];

int main(void)
{
	const struct inotify_event *event = (const struct inotify_event *)buffer;
	int fd = must(inotify_init1(IN_NONBLOCK)), watch = must(inotify_add_watch(fd, ".", IN_MOVED_TO));
	ssize_t length;

	must(close(must(open("one", O_CREAT | O_WRONLY, 0600))));
	must(rename("one", "two"));

	checkpoint();

	length = read(fd, buffer, sizeof(buffer));
	check(length >= (ssize_t)sizeof(*event), "nothing tells of the event: %zd", length);
	if (event->wd == watch)
		check(event->mask == IN_MOVED_TO && !strcmp(event->name, "two"));
	else
		check(event->wd == -1 && event->mask == IN_Q_OVERFLOW && length == sizeof(*event));
	check(read(fd, buffer, sizeof(buffer)) < 0 && errno == EAGAIN, "there are more events");
	must(rename("two", "three"));
	check(read(fd, buffer, sizeof(buffer)) > 0 && event->wd == watch && !strcmp(event->name, "three"));
	return finish();
}
