// SPDX-License-Identifier: GPL-2.0
// refused: inotify
/* An inotify instance is not saved yet. */
#include "test.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

int main(void)
{
	int fd = must(inotify_init1(IN_NONBLOCK));
	struct inotify_event event[8];

	must(inotify_add_watch(fd, ".", IN_CREATE));
	must(close(must(open("new", O_CREAT | O_WRONLY, 0600))));
	checkpoint();
	check(read(fd, event, sizeof(event)) > 0 && event[0].mask == IN_CREATE);
	return finish();
}
