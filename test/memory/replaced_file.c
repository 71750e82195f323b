// SPDX-License-Identifier: GPL-2.0
// differs: /name[^/]* .deleted
/* A mapped file was deleted and another one has its name now; both are mapped, and so is a third by that name. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, LENGTH = 4 * PAGE };

static unsigned char *file(unsigned seed, int flags)
{
	unsigned char contents[LENGTH], *memory;
	int fd = must(open("name.new", O_RDWR | O_CREAT | O_EXCL, 0644));

	fill_pattern(contents, LENGTH, seed);
	must(write(fd, contents, LENGTH));
	must(rename("name.new", "name"));
	memory = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, flags, fd, 0));
	must(close(fd));
	return memory;
}

int main(void)
{
	unsigned char *first = file(1, MAP_SHARED), *second = file(2, MAP_PRIVATE), *third = file(3, MAP_SHARED);
	unsigned char byte;
	int fd;

	second[PAGE] ^= 0xff;
	checkpoint();
	check_pattern(first, LENGTH, 1);
	second[PAGE] ^= 0xff;
	check_pattern(second, LENGTH, 2);
	check_pattern(third, LENGTH, 3);
	first[0] = 11;
	third[0] = 33;
	fd = must(open("name", O_RDONLY));
	must(read(fd, &byte, 1));
	check_equal(byte, 33);
	check(access("name.new", F_OK) < 0);
	return finish();
}
