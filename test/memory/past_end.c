// SPDX-License-Identifier: GPL-2.0
/* Mappings that go past the end of their file, shared and private, one of them altogether behind it, and of an empty file. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 8 };

int main(void)
{
	int fd = must(open("mapped", O_RDWR | O_CREAT, 0644)), empty = must(open("empty", O_RDWR | O_CREAT, 0644));
	unsigned char contents[PAGES * PAGE], *shared, *private, *behind, *nothing;

	fill_pattern(contents, sizeof(contents), 1);
	must(write(fd, contents, sizeof(contents)));
	shared = must(mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	private = must(mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	behind = must(mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 100 * PAGE));
	nothing = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, empty, 0));
	fill_pattern(private + PAGE, PAGE, 2);
	must(ftruncate(fd, 2 * PAGE + 10));
	must(close(fd));
	must(close(empty));

	checkpoint();

	check_equal(wrong_byte(shared, 2 * PAGE + 10, 1), -1);
	check_equal(wrong_byte(private, PAGE, 1), -1);
	check_pattern(private + PAGE, PAGE, 2);
	check_equal(signal_of_reading(shared + 2 * PAGE + 11), 0);
	check_equal(signal_of_reading(shared + 3 * PAGE), SIGBUS);
	check_equal(signal_of_reading(private + 4 * PAGE), SIGBUS);
	check_equal(signal_of_reading(behind), SIGBUS);
	check_equal(signal_of_reading(nothing), SIGBUS);
	fd = must(open("mapped", O_RDWR));
	must(ftruncate(fd, PAGES * PAGE));
	must(pwrite(fd, "x", 1, 4 * PAGE));
	check_equal(shared[4 * PAGE], 'x');
	check_equal(private[4 * PAGE], 'x');
	return finish();
}
