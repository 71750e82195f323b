// SPDX-License-Identifier: GPL-2.0
// refused: has a flock lock
/* A lock without --file-locks. */
#include "test.h"

#include <fcntl.h>
#include <sys/file.h>

int main(void)
{
	int fd = must(open("file", O_RDWR | O_CREAT, 0600));

	must(flock(fd, LOCK_EX));
	checkpoint();
	check_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	return finish();
}
