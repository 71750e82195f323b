// SPDX-License-Identifier: GPL-2.0
/* Regular files: position, access mode, append and other flags, contents behind them. */
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Without O_LARGEFILE, which the kernel adds. */
static void check_flags(int fd, int wanted)
{
	check_equal(fcntl(fd, F_GETFL) & ~0100000, wanted);
}

int main(void)
{
	int both, reading, writing, appending, beyond, path, high;
	struct stat status;
	char text[16] = "";

	both = must(open("both", O_RDWR | O_CREAT | O_EXCL, 0640));
	must(write(both, "0123456789", 10));
	must(lseek(both, 4, SEEK_SET));
	reading = must(open("both", O_RDONLY | O_NONBLOCK));
	must(lseek(reading, 7, SEEK_SET));
	writing = must(open("other", O_WRONLY | O_CREAT | O_TRUNC | O_SYNC, 0600));
	appending = must(open("log", O_WRONLY | O_CREAT | O_APPEND, 0600));
	must(write(appending, "first\n", 6));
	beyond = must(open("short", O_RDWR | O_CREAT, 0600));
	must(lseek(beyond, 123456789012LL, SEEK_SET));
	path = must(open("both", O_PATH));
	high = must(fcntl(both, F_DUPFD, 900));

	checkpoint();

	check_flags(both, O_RDWR);
	check_flags(reading, O_RDONLY | O_NONBLOCK);
	check_flags(writing, O_WRONLY | O_SYNC);
	check_flags(appending, O_WRONLY | O_APPEND);
	check_flags(path, O_PATH);
	check_equal(read(both, text, 3), 3);
	check(memcmp(text, "456", 3) == 0);
	check_equal(lseek(high, 0, SEEK_CUR), 7);
	check_equal(read(reading, text, 3), 3);
	check(memcmp(text, "789", 3) == 0);
	check_equal(write(appending, "second\n", 7), 7);
	check_equal(lseek(beyond, 0, SEEK_CUR), 123456789012LL);
	check(write(reading, "x", 1) < 0 && read(writing, text, 1) < 0);
	must(fstat(appending, &status));
	check_equal(status.st_size, 13);
	must(fstat(both, &status));
	check_equal(status.st_mode & 07777, 0640);
	check_equal(status.st_size, 10);
	return finish();
}
