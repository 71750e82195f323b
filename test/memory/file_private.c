// SPDX-License-Identifier: GPL-2.0
/* Private mappings of a file: pages as in the file, pages written, protections, and the file left alone. */
#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES 64

int main(void)
{
	static unsigned char contents[PAGES * 4096], now[PAGES * 4096];
	int fd = must(open("mapped", O_RDWR | O_CREAT, 0644));
	unsigned char *clean, *written, *part;

	fill_pattern(contents, sizeof(contents), 5);
	must(write(fd, contents, sizeof(contents)));
	clean = must(mmap(NULL, PAGES * 4096, PROT_READ, MAP_PRIVATE, fd, 0));
	written = must(mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	part = must(mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, 16 * 4096));
	must(close(fd));
	fill_pattern(written + 10 * 4096, 4096, 6);
	written[30 * 4096 + 17] ^= 0xff;
	fill_pattern(part, 4096, 7);

	checkpoint();

	check_pattern(clean, PAGES * 4096, 5);
	check(wrong_byte(written, 10 * 4096, 5) == -1);
	check_pattern(written + 10 * 4096, 4096, 6);
	check_equal(written[30 * 4096 + 17], contents[30 * 4096 + 17] ^ 0xff);
	check_equal(written[30 * 4096 + 18], contents[30 * 4096 + 18]);
	check_pattern(part, 4096, 7);
	check_equal(part[4096], contents[17 * 4096]);
	part[4096] ^= 1;
	fd = must(open("mapped", O_RDONLY));
	must(read(fd, now, sizeof(now)));
	check_pattern(now, sizeof(now), 5);
	return finish();
}
