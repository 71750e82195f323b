// SPDX-License-Identifier: GPL-2.0
/* Files and directories of sysfs, one read half way. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	int file = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY), whole, directory, binary;
	char before[128] = "", after[128] = "", text[128] = "";

	if (file < 0)
		skip("no sysfs here");
	directory = must(open("/sys/kernel/mm", O_RDONLY | O_DIRECTORY));
	binary = must(open("/sys/kernel/notes", O_RDONLY));
	whole = must(open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY));
	must(read(whole, before, sizeof(before) - 1));
	must(read(file, text, 5));
	must(lseek(binary, 4, SEEK_SET));

	checkpoint();

	check_equal(pread(whole, after, sizeof(after) - 1, 0), strlen(before));
	check(strcmp(before, after) == 0);
	check_equal(read(file, text, sizeof(text)), strlen(before) - 5);
	check(strncmp(text, before + 5, strlen(before) - 5) == 0);
	check_equal(faccessat(directory, "transparent_hugepage", F_OK, 0), 0);
	check_equal(lseek(binary, 0, SEEK_CUR), 4);
	check_equal(read(binary, text, 4), 4);
	return finish();
}
