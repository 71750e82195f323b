// SPDX-License-Identifier: GPL-2.0
/* Which mappings a core file would have, another choice for each process. */
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void write_text(const char *path, const char *text)
{
	int fd = must(open(path, O_WRONLY));

	must(write(fd, text, strlen(text)));
	must(close(fd));
}

static void check_text(const char *path, const char *wanted)
{
	char text[64] = "";

	must(read_text(path, text, sizeof(text)));
	check(strcmp(text, wanted) == 0, "%s is %s", path, text);
}

static void child(void)
{
	write_text("/proc/self/coredump_filter", "0x7");
	checkpoint();
	check_text("/proc/self/coredump_filter", "00000007\n");
}

int main(void)
{
	participant(child);
	write_text("/proc/self/coredump_filter", "0x133");
	checkpoint();
	check_text("/proc/self/coredump_filter", "00000133\n");
	return finish();
}
