// SPDX-License-Identifier: GPL-2.0
/* A mere handle of the root directory, and one of open_tree() without a copy, are not detached mounts. */
#include "test.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	int handle = must(open("/", O_PATH)), tree = must(syscall(SYS_open_tree, AT_FDCWD, ".", 0)), file;

	must(close(must(open("file", O_CREAT | O_WRONLY, 0600))));

	checkpoint();

	file = openat(handle, "proc/self/status", O_RDONLY);
	check(file >= 0 && close(file) == 0);
	file = openat(tree, "file", O_RDONLY);
	check(file >= 0 && close(file) == 0);
	return finish();
}
