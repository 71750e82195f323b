// SPDX-License-Identifier: GPL-2.0
/* Shared mappings of a file: still connected with the file and with the other process that maps it. */
#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH (32 * 4096)

static unsigned char *both;

static void child(void)
{
	checkpoint();
	check_pattern(both, 4096, 1);
	wait_for(((volatile unsigned char *)both)[5 * 4096] == 123);
	both[6 * 4096] = 45;
}

int main(void)
{
	int fd = must(open("mapped", O_RDWR | O_CREAT, 0644));
	unsigned char *read_only, byte = 0;

	must(ftruncate(fd, LENGTH));
	both = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	read_only = must(mmap(NULL, 4 * 4096, PROT_READ, MAP_SHARED, fd, 4 * 4096));
	fill_pattern(both, 4096, 1);
	participant(child);

	checkpoint();

	check_pattern(both, 4096, 1);
	both[5 * 4096] = 123;
	wait_for(((volatile unsigned char *)both)[6 * 4096] == 45);
	check_equal(read_only[2 * 4096], 45);
	must(pread(fd, &byte, 1, 5 * 4096));
	check_equal(byte, 123);
	must(pwrite(fd, "z", 1, 7 * 4096));
	check_equal(both[7 * 4096], 'z');
	return finish();
}
