// SPDX-License-Identifier: GPL-2.0
/* Pages of a private file mapping that the program has filled with zeroes show zeroes, not the file; one that was written with
 * what the file has too stays as it is when the file changes. */
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 200 };

static unsigned char contents[PAGES * PAGE];

int main(void)
{
	static const unsigned char zeroes[PAGES * PAGE];
	int fd = must(open("mapped", O_RDWR | O_CREAT, 0644));
	unsigned char *all, *some, *same;

	fill_pattern(contents, sizeof(contents), 5);
	must(write(fd, contents, sizeof(contents)));
	all = must(mmap(NULL, sizeof(contents), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	some = must(mmap(NULL, sizeof(contents), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	same = must(mmap(NULL, sizeof(contents), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	memset(all, 0, sizeof(contents));
	for (int i = 0; i < PAGES; i += 10)
		memset(some + i * PAGE, 0, PAGE);
	memcpy(same + PAGE, contents + PAGE, PAGE);

	checkpoint();

	check(memcmp(all, zeroes, sizeof(contents)) == 0, "the file is in place of zeroes");
	for (int i = 0; i < PAGES; i++)
		check(memcmp(some + i * PAGE, i % 10 ? contents + i * PAGE : zeroes, PAGE) == 0, "page %d", i);
	must(pwrite(fd, "changed", 7, PAGE));
	check(memcmp(same + PAGE, contents + PAGE, PAGE) == 0, "a page that was written shows what the file has now");
	check(memcmp(some + PAGE, "changed", 7) == 0);
	return finish();
}
