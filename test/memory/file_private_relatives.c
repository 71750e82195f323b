// SPDX-License-Identifier: GPL-2.0
/* Private mappings of one file in parent and children: what each has written, dropped, protected and mapped longer; and a page
 * that a child alone has written with what the file had anyway, which must not change with the file. */
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 64 };

static unsigned char contents[PAGES * PAGE], *memory, *tail;

static void dropper(void)
{
	must(madvise(memory + 10 * PAGE, 4 * PAGE, MADV_DONTNEED));
	must(munmap(memory + 60 * PAGE, 4 * PAGE));
	must(mprotect(memory, PAGE, PROT_READ));
	checkpoint();
	check_equal(memcmp(memory + 10 * PAGE, contents + 10 * PAGE, 4 * PAGE), 0);
	check_pattern(memory + 20 * PAGE, PAGE, 20);
	check_pattern(memory, PAGE, 100);
	meet();
	meet(); /* the file is another */
	check_equal(memory[10 * PAGE], 'n');
}

static void writer(void)
{
	memcpy(memory + 30 * PAGE, contents + 30 * PAGE, PAGE);
	memory[30 * PAGE] = contents[30 * PAGE];
	memset(memory + 31 * PAGE, 0, PAGE);
	fill_pattern(memory + 20 * PAGE, PAGE, 21);
	checkpoint();
	meet();
	meet();
	check_equal(memory[30 * PAGE], contents[30 * PAGE]);
	check(memory[31 * PAGE] == 0 && memory[32 * PAGE - 1] == 0);
	check_pattern(memory + 20 * PAGE, PAGE, 21);
	check_equal(memory[32 * PAGE], 'n');
	check_pattern(tail, PAGE, 7);
}

int main(void)
{
	int fd = must(open("mapped", O_RDWR | O_CREAT, 0644)), i;

	fill_pattern(contents, sizeof(contents), 5);
	must(write(fd, contents, sizeof(contents)));
	memory = must(mmap(NULL, sizeof(contents), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	tail = must(mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 8 * PAGE));
	fill_pattern(memory, PAGE, 100);
	for (i = 10; i < 24; i++)
		fill_pattern(memory + i * PAGE, PAGE, i);
	fill_pattern(tail, PAGE, 7);
	must(mprotect(tail, 4 * PAGE, PROT_READ));
	participant(dropper);
	participant(writer);

	checkpoint();

	check_pattern(memory + 10 * PAGE, PAGE, 10);
	check_pattern(memory + 20 * PAGE, PAGE, 20);
	check_equal(memory[30 * PAGE], contents[30 * PAGE]);
	meet();
	for (i = 0; i < PAGES; i++)
		must(pwrite(fd, "new", 3, i * PAGE));
	meet();
	check_equal(memory[30 * PAGE], 'n');
	check_equal(memory[31 * PAGE], 'n');
	check_pattern(tail, PAGE, 7);
	return finish();
}
