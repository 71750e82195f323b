// SPDX-License-Identifier: GPL-2.0
/* What splice, vmsplice and tee left in pipes: pages of a file, of a deleted file, of memory that was given away, many
 * small pieces, a pipe filled by another one. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE 20000

static unsigned char bytes[SIZE], now[SIZE];

int main(void)
{
	int file, from_file[2], from_memory[2], gifts[2], pieces[2], copy[2];
	unsigned char *page = must(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct iovec memory = { bytes, 5000 }, gift = { page, 8192 };
	loff_t place = 100;

	fill_pattern(bytes, SIZE, 1);
	file = must(open("file", O_RDWR | O_CREAT, 0600));
	must(write(file, bytes, SIZE));
	must(pipe(from_file));
	must(pipe(from_memory));
	must(pipe(gifts));
	must(pipe(pieces));
	must(pipe(copy));
	check_equal(splice(file, &place, from_file[1], NULL, 9000, 0), 9000);
	must(vmsplice(from_memory[1], &memory, 1, 0));
	memset(page, 7, 8192);
	must(vmsplice(gifts[1], &gift, 1, SPLICE_F_GIFT));
	for (place = 0; place < 16; place++) {
		loff_t at = place * 1000;

		check_equal(splice(file, &at, pieces[1], NULL, 3, 0), 3);
	}
	check_equal(tee(from_file[0], copy[1], 9000, 0), 9000);
	must(unlink("file"));

	checkpoint();

	check_equal(read(from_file[0], now, SIZE), 9000);
	check(memcmp(now, bytes + 100, 9000) == 0);
	check_equal(read(copy[0], now, SIZE), 9000);
	check(memcmp(now, bytes + 100, 9000) == 0);
	check_equal(read(from_memory[0], now, SIZE), 5000);
	check(memcmp(now, bytes, 5000) == 0);
	check_equal(read(gifts[0], now, SIZE), 8192);
	check(now[0] == 7 && now[8191] == 7);
	check_equal(read(pieces[0], now, SIZE), 48);
	for (int i = 0; i < 16; i++)
		check(memcmp(now + i * 3, bytes + i * 1000, 3) == 0, "piece %d", i);
	return finish();
}
