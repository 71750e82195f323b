// SPDX-License-Identifier: GPL-2.0
// differs: flags: 0203
/* O_TMPFILE: files that never had a name. */
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	int file = must(open(".", O_TMPFILE | O_RDWR, 0604)), exclusive = must(open(".", O_TMPFILE | O_WRONLY | O_EXCL, 0600));
	char text[8] = "";
	struct stat status;

	must(write(file, "nameless", 8));
	must(lseek(file, 4, SEEK_SET));
	must(write(exclusive, "x", 1));

	checkpoint();

	check_equal(read(file, text, 8), 4);
	check(memcmp(text, "less", 4) == 0);
	must(fstat(file, &status));
	check_equal(status.st_nlink, 0);
	check_equal(status.st_mode, S_IFREG | 0604);
	check_equal(lseek(exclusive, 0, SEEK_CUR), 1);
	check_equal(write(exclusive, "y", 1), 1);
	return finish();
}
