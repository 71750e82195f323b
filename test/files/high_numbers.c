// SPDX-License-Identifier: GPL-2.0
/* Descriptor numbers up to the limit, of a process whose limit is as high as it may be; and every number in use. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define FEW 64

/* All numbers of a small limit. */
static void full(void)
{
	struct rlimit limit = { FEW, FEW };
	int count = 0;

	while (dup(0) >= 0 && count < FEW)
		count++;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	for (int i = FEW; i < 200; i++)
		close(i);
	for (int i = 0; i < FEW; i++)
		if (fcntl(i, F_GETFD) < 0)
			must(dup2(0, i));
	/* The harness needs one. */
	must(close(FEW - 2));
	checkpoint();
	for (int i = 0; i < FEW; i++)
		check((fcntl(i, F_GETFD) < 0) == (i == FEW - 2), "descriptor %d", i);
	check_equal(dup(0), FEW - 2);
	check(dup(0) < 0 && errno == EMFILE);
	must(close(FEW - 2));
}

int main(void)
{
	struct rlimit limit;
	int file = must(open("file", O_RDWR | O_CREAT, 0600)), highest;
	char text[8] = "";

	participant(full);
	must(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	highest = limit.rlim_max - 1;
	must(write(file, "high", 4));
	must(dup2(file, highest));
	must(dup2(file, highest - 1));
	must(dup2(file, highest - 300));

	checkpoint();

	check_equal(pread(highest, text, 8, 0), 4);
	check_equal(lseek(highest - 300, 0, SEEK_CUR), 4);
	check_equal(fcntl(highest - 1, F_GETFD), 0);
	check(fcntl(highest, F_DUPFD, highest) < 0);
	return finish();
}
