// SPDX-License-Identifier: GPL-2.0
/* Shared mappings through a descriptor that was opened for reading only can never be written; one of a
 * file without write permission, and one that is read-only now but may be written again. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, LENGTH = 4 * PAGE };

int main(void)
{
	unsigned char contents[LENGTH], *read_only, *again, *protected;
	int fd = must(open("mapped", O_RDWR | O_CREAT, 0644)), reader = must(open("mapped", O_RDONLY)), locked;

	fill_pattern(contents, LENGTH, 1);
	must(write(fd, contents, LENGTH));
	read_only = must(mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, reader, 0));
	again = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	must(mprotect(again, LENGTH, PROT_READ));
	must(close(fd));
	must(close(reader));
	fd = must(open("protected", O_RDWR | O_CREAT, 0400));
	must(write(fd, contents, LENGTH));
	must(close(fd));
	locked = must(open("protected", O_RDONLY));
	protected = must(mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, locked, 0));

	checkpoint();

	check_pattern(read_only, LENGTH, 1);
	check_pattern(protected, LENGTH, 1);
	check(mprotect(read_only, LENGTH, PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
	check(mprotect(protected, LENGTH, PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
	must(mprotect(again, LENGTH, PROT_READ | PROT_WRITE));
	again[0] = 7;
	check_equal(read_only[0], 7);
	return finish();
}
