// SPDX-License-Identifier: GPL-2.0
// refused: decides about the accesses of others
/* A fanotify group that others wait for. */
#include "test.h"

#include <fcntl.h>
#include <sys/fanotify.h>
#include <unistd.h>

int main(void)
{
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK, O_RDONLY);

	if (fd < 0)
		skip("no fanotify here");
	checkpoint();
	check(fcntl(fd, F_GETFD) >= 0);
	return finish();
}
