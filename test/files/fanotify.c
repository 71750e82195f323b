// SPDX-License-Identifier: GPL-2.0
// refused: fanotify
/* A fanotify group is not saved yet. */
#include "test.h"

#include <fcntl.h>
#include <sys/fanotify.h>
#include <unistd.h>

int main(void)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF, O_RDONLY);

	if (fd < 0)
		skip("no fanotify here");
	checkpoint();
	check(fcntl(fd, F_GETFD) >= 0);
	return finish();
}
