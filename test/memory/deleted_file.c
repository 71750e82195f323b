// SPDX-License-Identifier: GPL-2.0
// differs: /deleted
/* Mappings of files without a name: a shared and a private one of each, two processes, no descriptor left. */
#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, LENGTH = 16 * PAGE };

static volatile unsigned char *shared;

static void child(void)
{
	checkpoint();
	check_pattern((void *)(shared + PAGE), PAGE, 4);
	shared[0] = 7;
	meet();
}

int main(void)
{
	int fd = must(open("deleted", O_RDWR | O_CREAT, 0644)), only_private = must(open("deleted too", O_RDWR | O_CREAT, 0644));
	unsigned char contents[LENGTH], *private, *alone;

	fill_pattern(contents, LENGTH, 1);
	fill_pattern(contents + PAGE, PAGE, 4);
	must(write(fd, contents, LENGTH));
	must(write(only_private, contents, LENGTH));
	shared = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	private = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	alone = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, only_private, 0));
	fill_pattern(private + 3 * PAGE, PAGE, 2);
	fill_pattern(alone + 4 * PAGE, PAGE, 3);
	must(unlink("deleted"));
	must(unlink("deleted too"));
	must(close(fd));
	must(close(only_private));
	participant(child);

	checkpoint();

	meet();
	check_equal(shared[0], 7);
	check_equal(private[0], 7);
	check_pattern(private + 3 * PAGE, PAGE, 2);
	check_equal(wrong_byte(alone, PAGE, 1), -1);
	check_pattern(alone + PAGE, PAGE, 4);
	check_pattern(alone + 4 * PAGE, PAGE, 3);
	check(access("deleted", F_OK) < 0 && access("deleted too", F_OK) < 0);
	return finish();
}
