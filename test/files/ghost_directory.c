// SPDX-License-Identifier: GPL-2.0
/* Deleted directories: as working directory, open, inside one another; a file deleted together with its directory. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void in_outer(void)
{
	char cwd[4096];

	must(chdir("outer"));
	meet();
	checkpoint();
	check(getcwd(cwd, sizeof(cwd)) == NULL && errno == ENOENT);
	check(open("new", O_CREAT | O_RDWR, 0600) < 0 && errno == ENOENT, "a deleted directory takes files");
}

static void in_inner(void)
{
	struct stat status;

	must(chdir("outer/inner"));
	meet();
	checkpoint();
	must(stat(".", &status));
	check_equal(status.st_mode, S_IFDIR | 0751);
	check_equal(status.st_uid, 12);
	check_equal(status.st_gid, 34);
}

int main(void)
{
	int directory, file;
	char text[8] = "";
	struct stat status;

	must(mkdir("outer", 0755));
	must(mkdir("outer/inner", 0755));
	must(chown("outer/inner", 12, 34));
	must(chmod("outer/inner", 0751));
	directory = must(open("outer/inner", O_RDONLY | O_DIRECTORY));
	file = must(open("outer/inner/file", O_CREAT | O_RDWR, 0600));
	must(write(file, "inside", 6));
	participant(in_inner);
	participant(in_outer);
	meet();
	must(unlink("outer/inner/file"));
	must(rmdir("outer/inner"));
	must(rmdir("outer"));

	checkpoint();

	check_equal(pread(file, text, 8, 0), 6);
	check(memcmp(text, "inside", 6) == 0);
	must(fstat(directory, &status));
	check(S_ISDIR(status.st_mode) && (status.st_mode & 07777) == 0751);
	check(openat(directory, "x", O_CREAT | O_RDWR, 0600) < 0 && errno == ENOENT);
	check(access("outer", F_OK) < 0, "the directory is there again");
	return finish();
}
