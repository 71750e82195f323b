// SPDX-License-Identifier: GPL-2.0
/* mlock(2) of every kind of mapping, and mlock2(MLOCK_ONFAULT) of one that is there in part: which pages are resident stays so. */
#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 16, LENGTH = PAGES * PAGE, KINDS = 5 };

static int resident(void *memory)
{
	unsigned char pages[PAGES];
	int count = 0;

	must(mincore(memory, LENGTH, pages));
	for (int i = 0; i < PAGES; i++)
		count += pages[i] & 1;
	return count;
}

int main(void)
{
	int fd = must(open("mapped", O_RDWR | O_CREAT, 0644)), memory_file = must(memfd_create("memory", 0));
	unsigned char *areas[KINDS], *on_fault, *hidden;
	long locked;

	must(ftruncate(fd, LENGTH));
	must(ftruncate(memory_file, LENGTH));
	areas[0] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	areas[1] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	areas[2] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	areas[3] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	areas[4] = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, memory_file, 0));
	hidden = must(mmap(NULL, LENGTH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	(void)mlock(hidden, LENGTH); /* says that there are no pages, and marks it nevertheless */
	on_fault = must(mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(mlock2(on_fault, LENGTH, MLOCK_ONFAULT));
	on_fault[0] = on_fault[5 * PAGE] = 1;
	for (int i = 0; i < KINDS; i++) {
		must(mlock(areas[i], LENGTH));
		areas[i][PAGE] = i + 1;
	}
	locked = proc_number("/proc/self/status", "VmLck", 10);

	checkpoint();

	check_equal(proc_number("/proc/self/status", "VmLck", 10), locked);
	check_equal(resident(on_fault), 2);
	check(on_fault[0] == 1 && on_fault[5 * PAGE] == 1);
	for (int i = 0; i < KINDS; i++) {
		check_equal(resident(areas[i]), PAGES);
		check_equal(areas[i][PAGE], i == 3 ? 4 : i + 1);
		must(munlock(areas[i], LENGTH));
	}
	return finish();
}
