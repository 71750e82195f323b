// SPDX-License-Identifier: GPL-2.0
// differs: fd \d+: .*ghost
// differs: fd 3: .*inotify wd:
/* Watches on files and directories that were deleted while the program has them open: alive, and without an event
 * until the last descriptor is closed. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static _Alignas(struct inotify_event) char buffer[4096];

static void check_event(int fd, int watch, uint32_t mask)
{
	const struct inotify_event *event = (const struct inotify_event *)buffer;

	if (!check(read(fd, buffer, sizeof(*event)) == sizeof(*event), "no event of watch %d", watch))
		return;
	check(event->wd == watch && event->mask == mask, "event 0x%x of watch %d", event->mask, event->wd);
}

int main(void)
{
	int fd = must(inotify_init1(IN_NONBLOCK)), file = must(open("file", O_CREAT | O_RDWR, 0600)), directory;
	int of_file, of_directory;

	must(mkdir("directory", 0700));
	directory = must(open("directory", O_RDONLY | O_DIRECTORY));
	must(unlink("file"));
	must(rmdir("directory"));
	must(close(must(inotify_init1(0))));
	of_file = must(inotify_add_watch(fd, "/proc/self/fd/4", IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_ONESHOT));
	of_directory = must(inotify_add_watch(fd, "/proc/self/fd/5", IN_ALL_EVENTS));
	check_equal(file, 4);
	check_equal(directory, 5);

	checkpoint();

	check(read(fd, buffer, sizeof(buffer)) < 0 && errno == EAGAIN, "there are events");
	must(close(directory));
	check_event(fd, of_directory, IN_CLOSE_NOWRITE | IN_ISDIR);
	check_event(fd, of_directory, IN_DELETE_SELF);
	check_event(fd, of_directory, IN_IGNORED);
	must(write(file, "more", 4));
	check_event(fd, of_file, IN_MODIFY);
	check_event(fd, of_file, IN_IGNORED);
	return finish();
}
