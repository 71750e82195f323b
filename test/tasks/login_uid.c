// SPDX-License-Identifier: GPL-2.0
/* The login uid that audit keeps. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	char before[32] = "", now[32] = "";
	int fd = open("/proc/self/loginuid", O_WRONLY);

	if (fd < 0 || write(fd, "1234", 4) < 0)
		skip("loginuid cannot be set here");
	close(fd);
	must(read_text("/proc/self/loginuid", before, sizeof(before)));
	checkpoint();
	must(read_text("/proc/self/loginuid", now, sizeof(now)));
	check(strcmp(before, now) == 0, "%s instead of %s", now, before);
	return finish();
}
