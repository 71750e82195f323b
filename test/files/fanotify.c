// SPDX-License-Identifier: GPL-2.0
/* fanotify: marks on inodes, a mount and a file system, ignore masks that stay and that a write removes; groups
 * that report descriptors and names. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE 0x200
#endif
#ifndef FAN_MARK_IGNORE
#define FAN_MARK_IGNORE 0x400
#endif

static _Alignas(struct fanotify_event_metadata) char buffer[4096];

static void check_event(int fd, uint64_t mask)
{
	const struct fanotify_event_metadata *event = (const struct fanotify_event_metadata *)buffer;

	if (!check(read(fd, buffer, sizeof(buffer)) > 0, "no event, errno %d", errno))
		return;
	check(event->mask == mask, "event 0x%llx instead of 0x%lx", event->mask, mask);
	check_equal(event->pid, getpid());
	if (event->fd >= 0)
		close(event->fd);
}

static void check_no_event(int fd)
{
	check(read(fd, buffer, sizeof(buffer)) < 0 && errno == EAGAIN, "there is an event 0x%llx",
	      ((const struct fanotify_event_metadata *)buffer)->mask);
}

/* The next event of ours, 0 if none comes in time: others may use that file system too. */
static uint64_t own_event(int fd, int milliseconds)
{
	while (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, milliseconds) == 1) {
		ssize_t length = read(fd, buffer, sizeof(buffer));
		const struct fanotify_event_metadata *event = (const struct fanotify_event_metadata *)buffer;

		for (; FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length)) {
			if (event->fd >= 0)
				close(event->fd);
			if (event->pid == getpid())
				return event->mask;
		}
	}
	return 0;
}

static int init(unsigned flags)
{
	int fd = fanotify_init(flags | FAN_NONBLOCK, O_RDONLY);

	if (fd < 0)
		skip("no fanotify here");
	return fd;
}

static void touch(const char *path)
{
	must(close(must(open(path, O_CREAT | O_WRONLY, 0600))));
}

int main(void)
{
	int files = init(FAN_CLASS_NOTIF | FAN_CLOEXEC), names = init(FAN_REPORT_DFID_NAME), mount = init(0);
	char shared[64];
	int system = init(FAN_REPORT_FID | FAN_UNLIMITED_QUEUE), file;

	snprintf(shared, sizeof(shared), "/dev/shm/fanotify.%d", getpid()); /* another test may run beside this one */
	must(mkdir("directory", 0700));
	touch("file");
	touch("ignored");
	touch(shared);
	must(fanotify_mark(files, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "file"));
	must(fanotify_mark(files, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD, "directory"));
	must(fanotify_mark(files, FAN_MARK_ADD, FAN_MODIFY | FAN_CLOSE_WRITE, AT_FDCWD, "ignored"));
	must(fanotify_mark(files, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY, FAN_MODIFY, AT_FDCWD,
			   "ignored"));
	must(fanotify_mark(names, FAN_MARK_ADD, FAN_CREATE | FAN_ONDIR, AT_FDCWD, "directory"));
	if (fanotify_mark(names, FAN_MARK_ADD | FAN_MARK_EVICTABLE | FAN_MARK_IGNORE | FAN_MARK_IGNORED_SURV_MODIFY,
			  FAN_DELETE | FAN_ONDIR, AT_FDCWD, "."))
		check_equal(errno, EINVAL); /* before Linux 6.0 */
	must(fanotify_mark(mount, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_CLOSE_WRITE, AT_FDCWD, "/dev/shm"));
	must(fanotify_mark(system, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_ATTRIB, AT_FDCWD, "/dev/shm"));

	checkpoint();

	check_no_event(files);
	check_no_event(names);
	check_equal(own_event(system, 0), 0);
	must(close(must(open("file", O_RDONLY))));
	check_event(files, FAN_OPEN);
	file = must(open("ignored", O_WRONLY));
	must(write(file, "1", 1));
	check_no_event(files);
	must(close(file));
	check_event(files, FAN_CLOSE_WRITE);
	touch("directory/new");
	check_event(names, FAN_CREATE);
	check_event(files, FAN_OPEN);
	must(close(must(open(shared, O_WRONLY))));
	check_equal(own_event(mount, 1000), FAN_CLOSE_WRITE);
	must(chmod(shared, 0640));
	check_equal(own_event(system, 1000), FAN_ATTRIB);
	must(unlink(shared));
	return finish();
}
