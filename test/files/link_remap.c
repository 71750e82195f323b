// SPDX-License-Identifier: GPL-2.0
// options: --link-remap
// differs: [/]work[/](a|link_remap.\d+) \(deleted\)
/* Files that lost the name they were opened by and have another one: the open file and that name stay one file. */
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_same(int fd, const char *name)
{
	struct stat open_now, named;

	must(fstat(fd, &open_now));
	must(stat(name, &named));
	check_equal(open_now.st_ino, named.st_ino);
	check_equal(pwrite(fd, "changed", 7, 0), 7);
}

int main(void)
{
	int file, again, twice, gone;
	char *mapped;

	file = must(open("name", O_RDWR | O_CREAT, 0600));
	must(write(file, "original", 8));
	again = must(open("name", O_RDWR | O_APPEND));
	mapped = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	must(link("name", "other"));
	must(unlink("name"));
	twice = must(open("a", O_RDWR | O_CREAT, 0600));
	must(link("a", "b"));
	must(unlink("a"));
	must(close(must(open("a", O_RDWR | O_CREAT, 0600))));
	/* The directory is gone too. */
	must(mkdir("directory", 0700));
	gone = must(open("directory/file", O_RDWR | O_CREAT, 0600));
	must(link("directory/file", "moved"));
	must(unlink("directory/file"));
	must(rmdir("directory"));

	checkpoint();

	check_equal(fcntl(again, F_GETFL) & O_APPEND, O_APPEND);
	check_same(file, "other");
	check(memcmp(mapped, "changed", 7) == 0, "the mapping is of another file");
	check_same(again, "other");
	check_same(twice, "b");
	check_same(gone, "moved");
	check(access("name", F_OK) < 0 && access("directory", F_OK) < 0);
	return finish();
}
