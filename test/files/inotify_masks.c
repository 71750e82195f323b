// SPDX-License-Identifier: GPL-2.0
/* inotify: a watch for each kind of event, on a directory and a file of its own, sees that kind and no other. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint32_t masks[] = { IN_ACCESS,	    IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_CLOSE_NOWRITE, IN_OPEN,
				  IN_MOVED_FROM,    IN_MOVED_TO, IN_CREATE, IN_DELETE,	IN_DELETE_SELF,	  IN_MOVE_SELF };
enum { COUNT = sizeof(masks) / sizeof(masks[0]) };

static char name[64];

static const char *path(int number, const char *rest)
{
	snprintf(name, sizeof(name), "%d%s", number, rest);
	return name;
}

/* Everything once: with the file inside, and with the directory itself. */
static void do_all(int number)
{
	char other[64], byte;
	int fd;

	fd = must(open(path(number, "/file"), O_CREAT | O_RDWR, 0600));
	must(write(fd, "x", 1));
	must(pread(fd, &byte, 1, 0));
	must(fchmod(fd, 0640));
	must(close(fd));
	must(close(must(open(path(number, "/file"), O_RDONLY))));
	snprintf(other, sizeof(other), "%d/renamed", number);
	must(rename(path(number, "/file"), other));
	must(unlink(other));
	snprintf(other, sizeof(other), "%d.moved", number);
	must(rename(path(number, ""), other));
	must(rmdir(other));
}

int main(void)
{
	_Alignas(struct inotify_event) char buffer[4096];
	int fds[COUNT], watches[COUNT];

	for (int i = 0; i < COUNT; i++) {
		must(mkdir(path(i, ""), 0700));
		fds[i] = must(inotify_init1(IN_NONBLOCK));
		watches[i] = must(inotify_add_watch(fds[i], path(i, ""), masks[i]));
	}

	checkpoint();

	for (int i = 0; i < COUNT; i++) {
		uint32_t seen = 0;
		ssize_t length;

		do_all(i);
		while ((length = read(fds[i], buffer, sizeof(buffer))) > 0)
			for (char *at = buffer; at < buffer + length;) {
				const struct inotify_event *event = (const struct inotify_event *)at;

				check_equal(event->wd, watches[i]);
				seen |= event->mask;
				at += sizeof(*event) + event->len;
			}
		check(errno == EAGAIN);
		check((seen & ~(IN_IGNORED | IN_ISDIR)) == masks[i], "watch for 0x%x saw 0x%x", masks[i], seen);
	}
	return finish();
}
