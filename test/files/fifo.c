// SPDX-License-Identifier: GPL-2.0
/* Named pipes: open for both, for reading, for writing; bytes inside; ends in two processes. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void child(void)
{
	int reading = must(open("between", O_RDONLY | O_NONBLOCK));
	char text[16] = "";

	checkpoint();
	must(fcntl(reading, F_SETFL, 0));
	check_equal(read(reading, text, 16), 4);
	check(memcmp(text, "mail", 4) == 0, "%s", text);
	check_equal(fcntl(reading, F_GETFL) & O_ACCMODE, O_RDONLY);
}

int main(void)
{
	int both, reading, writing, again;
	char text[16] = "";

	must(mkfifo("alone", 0600));
	must(mkfifo("between", 0600));
	must(mkfifo("ends", 0600));
	both = must(open("alone", O_RDWR));
	must(write(both, "kept inside", 11));
	participant(child);
	do
		writing = open("between", O_WRONLY | O_NONBLOCK);
	while (writing < 0 && errno == ENXIO);
	must(write(writing, "mail", 4));
	reading = must(open("ends", O_RDONLY | O_NONBLOCK));
	again = must(open("ends", O_WRONLY));
	must(write(again, "abc", 3));

	checkpoint();

	check_equal(read(both, text, 16), 11);
	check(memcmp(text, "kept inside", 11) == 0);
	check_equal(fcntl(both, F_GETFL) & O_ACCMODE, O_RDWR);
	check_equal(read(reading, text, 16), 3);
	check_equal(fcntl(reading, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	must(close(again));
	check_equal(read(reading, text, 16), 0);
	must(close(writing));
	return finish();
}
