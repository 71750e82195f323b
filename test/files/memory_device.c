// SPDX-License-Identifier: GPL-2.0
/* /dev/null, zero, full, random and urandom do after a restore what they did before. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	int null = must(open("/dev/null", O_RDWR)), zero = must(open("/dev/zero", O_RDONLY));
	int full = must(open("/dev/full", O_WRONLY)), urandom = must(open("/dev/urandom", O_RDONLY | O_CLOEXEC));
	unsigned char bytes[64], none[64] = { 0 };

	checkpoint();

	check_equal(write(null, "abc", 3), 3);
	check_equal(read(null, bytes, 1), 0);
	memset(bytes, 1, sizeof(bytes));
	check_equal(read(zero, bytes, sizeof(bytes)), sizeof(bytes));
	check(memcmp(bytes, none, sizeof(bytes)) == 0);
	check(write(full, "x", 1) < 0 && errno == ENOSPC);
	check_equal(read(urandom, bytes, sizeof(bytes)), sizeof(bytes));
	check(memcmp(bytes, none, sizeof(bytes)) != 0);
	return finish();
}
