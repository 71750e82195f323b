// SPDX-License-Identifier: GPL-2.0
// differs: fd \d+: '.*/(file|directory) \(deleted\)
/* A deleted file and a deleted directory whose names others have now: both pairs stay apart, and nobody loses its file. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	int old, new, renamed, directory;
	char text[8] = "";
	struct stat status;

	old = must(open("file", O_RDWR | O_CREAT, 0600));
	must(write(old, "old", 3));
	must(unlink("file"));
	new = must(open("file", O_RDWR | O_CREAT, 0600));
	must(write(new, "new", 3));
	renamed = must(open("before", O_RDWR | O_CREAT, 0600));
	must(write(renamed, "moved", 5));
	must(rename("before", "after"));
	must(mkdir("directory", 0700));
	directory = must(open("directory", O_RDONLY));
	must(rmdir("directory"));
	must(mkdir("directory", 0755));
	must(close(must(open("directory/inside", O_CREAT | O_WRONLY, 0600))));

	checkpoint();

	check_equal(pread(old, text, 8, 0), 3);
	check(memcmp(text, "old", 3) == 0);
	check_equal(pread(new, text, 8, 0), 3);
	check(memcmp(text, "new", 3) == 0);
	check_equal(pread(renamed, text, 8, 0), 5);
	check(memcmp(text, "moved", 5) == 0);
	must(fstat(old, &status));
	check_equal(status.st_nlink, 0);
	must(fstat(new, &status));
	check_equal(status.st_nlink, 1);
	must(fstat(directory, &status));
	check_equal(status.st_mode & 07777, 0700);
	must(stat("directory", &status));
	check_equal(status.st_mode & 07777, 0755);
	check(access("directory/inside", F_OK) == 0);
	check(access("before", F_OK) < 0);
	return finish();
}
