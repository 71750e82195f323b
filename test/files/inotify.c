// SPDX-License-Identifier: GPL-2.0
/* inotify: watches keep their numbers and masks, on directories, files, links and other file systems; nothing of
 * the dump or restore is an event. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static _Alignas(struct inotify_event) char buffer[4096];

static void check_event(int fd, int watch, uint32_t mask, const char *name)
{
	const struct inotify_event *event = (const struct inotify_event *)buffer;
	ssize_t length = read(fd, buffer, sizeof(struct inotify_event) + 16 * (name != NULL));

	if (!check(length > 0, "no event of watch %d: %zd, errno %d", watch, length, errno))
		return;
	check_equal(event->wd, watch);
	check_equal(event->mask, mask);
	check(!name || !strcmp(event->name, name), "it is of %s", event->name);
}

static void touch(const char *path)
{
	must(close(must(open(path, O_CREAT | O_WRONLY, 0600))));
}

static int removed_watch(int fd)
{
	int watch;

	must(mkdir("removed", 0700));
	watch = must(inotify_add_watch(fd, "removed", IN_CREATE));
	must(inotify_rm_watch(fd, watch));
	check_event(fd, watch, IN_IGNORED, NULL);
	return watch;
}

int main(void)
{
	int fd = must(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), second = must(inotify_init1(0)), empty;
	char elsewhere[64];
	int directory, file, link, memory, once, unlinked, gone, other;

	empty = must(inotify_init1(IN_NONBLOCK));
	snprintf(elsewhere, sizeof(elsewhere), "/dev/shm/inotify.%d", getpid());
	must(mkdir(elsewhere, 0700));
	must(mkdir("directory", 0700));
	touch("file");
	touch("once");
	must(symlink("file", "link"));
	directory = must(inotify_add_watch(fd, "directory", IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_ONLYDIR));
	gone = removed_watch(fd);
	file = must(inotify_add_watch(fd, "file", IN_ALL_EVENTS));
	link = must(inotify_add_watch(fd, "link", IN_ATTRIB | IN_DELETE_SELF | IN_DONT_FOLLOW));
	memory = must(inotify_add_watch(fd, elsewhere, IN_CREATE | IN_OPEN));
	once = must(inotify_add_watch(fd, "once", IN_OPEN | IN_ONESHOT));
	must(mkdir("quiet", 0700));
	unlinked = must(inotify_add_watch(fd, "quiet", IN_MODIFY | IN_EXCL_UNLINK));
	other = must(inotify_add_watch(second, "directory", IN_CLOSE_WRITE));

	checkpoint();

	check(read(fd, buffer, sizeof(buffer)) < 0 && errno == EAGAIN, "there are events");
	check(read(empty, buffer, sizeof(buffer)) < 0 && errno == EAGAIN);
	touch("directory/new");
	check_event(fd, directory, IN_CREATE, "new");
	check_event(second, other, IN_CLOSE_WRITE, "new");
	must(rename("directory/new", "directory/newer"));
	check_event(fd, directory, IN_MOVED_TO, "newer");
	must(chmod("file", 0640));
	check_event(fd, file, IN_ATTRIB, NULL);
	must(unlink("link"));
	check_event(fd, link, IN_ATTRIB, NULL);
	check_event(fd, link, IN_DELETE_SELF, NULL);
	check_event(fd, link, IN_IGNORED, NULL);
	must(close(must(open(elsewhere, O_RDONLY))));
	check_event(fd, memory, IN_OPEN | IN_ISDIR, NULL);
	must(close(must(open("once", O_RDONLY))));
	check_event(fd, once, IN_OPEN, NULL);
	check_event(fd, once, IN_IGNORED, NULL);
	check(inotify_rm_watch(fd, gone) < 0, "watch %d is there again", gone);
	check(inotify_rm_watch(fd, unlinked) == 0);
	check_event(fd, unlinked, IN_IGNORED, NULL);
	check(inotify_add_watch(fd, "removed", IN_CREATE) > unlinked, "numbers are used again");
	check(read(fd, buffer, sizeof(buffer)) < 0 && errno == EAGAIN, "there are more events");
	must(rmdir(elsewhere));
	return finish();
}
