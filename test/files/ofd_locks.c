// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
/* Locks of open file descriptions: ranges, kept apart from another description's of the same process. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct flock range(int type, off_t start, off_t length)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
}

static int lock(int fd, int type, off_t start, off_t length)
{
	struct flock wanted = range(type, start, length);

	return fcntl(fd, F_OFD_SETLK, &wanted);
}

static int first, second, doubled;

static void child(void)
{
	checkpoint();
	meet();
	/* The same description: it can change the lock. */
	check_equal(lock(first, F_UNLCK, 0, 10), 0);
	meet();
}

int main(void)
{
	struct flock seen = range(F_WRLCK, 100, 1);

	first = must(open("file", O_RDWR | O_CREAT, 0600));
	second = must(open("file", O_RDWR));
	doubled = must(dup(first));
	must(lock(first, F_WRLCK, 0, 10));
	must(lock(doubled, F_RDLCK, 100, 0));
	must(lock(second, F_RDLCK, 100, 50));
	must(lock(second, F_WRLCK, 20, 1));
	participant(child);

	checkpoint();

	check(lock(second, F_WRLCK, 5, 1) < 0 && errno == EAGAIN);
	check(lock(first, F_WRLCK, 20, 1) < 0 && errno == EAGAIN);
	check(lock(first, F_WRLCK, 100, 1) < 0 && errno == EAGAIN, "the second's is gone");
	check_equal(fcntl(second, F_OFD_GETLK, &seen), 0);
	check_equal(seen.l_type, F_RDLCK);
	check_equal(seen.l_start, 100);
	check_equal(seen.l_len, 0);
	check_equal(seen.l_pid, -1);
	meet();
	meet();
	check_equal(lock(second, F_WRLCK, 5, 1), 0);
	must(close(first));
	check(lock(second, F_WRLCK, 1000, 1) < 0, "closing one of two descriptors gave up the lock");
	return finish();
}
