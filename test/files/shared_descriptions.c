// SPDX-License-Identifier: GPL-2.0
/* One open file description behind several descriptors, by dup and by fork; two descriptions of one file stay two. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

static int shared, doubled, separate;

static void child(void)
{
	checkpoint();
	check_equal(lseek(shared, 0, SEEK_CUR), 10);
	check_equal(lseek(shared, 55, SEEK_SET), 55);
}

int main(void)
{
	must(close(must(open("file", O_CREAT | O_WRONLY, 0600))));
	shared = must(open("file", O_RDWR));
	doubled = must(fcntl(shared, F_DUPFD, 100));
	separate = must(open("file", O_RDWR));
	must(lseek(shared, 10, SEEK_SET));
	must(lseek(separate, 20, SEEK_SET));
	participant(child);

	checkpoint();

	wait_for(lseek(doubled, 0, SEEK_CUR) == 55);
	check_equal(lseek(doubled, 0, SEEK_CUR), 55);
	check_equal(lseek(separate, 0, SEEK_CUR), 20);
	must(fcntl(doubled, F_SETFL, O_APPEND));
	check_equal(fcntl(shared, F_GETFL) & O_APPEND, O_APPEND);
	check_equal(fcntl(separate, F_GETFL) & O_APPEND, 0);
	return finish();
}
