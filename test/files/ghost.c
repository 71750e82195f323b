// SPDX-License-Identifier: GPL-2.0
// differs: mapping .*/large \(deleted\)
/* Deleted files: small, large, with holes, empty; two descriptions and two deleted names of one file; a deleted
 * program's mapping; each keeps its name, contents, times, owner and link count. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE 300000
#define SPARSE (64 << 20)

static int make(const char *name)
{
	return must(open(name, O_RDWR | O_CREAT | O_EXCL, 0640));
}

static void shared_child(void)
{
	int again = must(open("/proc/self/fd/10", O_RDONLY)), status;

	checkpoint();
	status = -1;
	check_equal(pread(again, &status, 4, 0), 4);
	check_equal(status, 0x6b656570);
}

int main(void)
{
	static unsigned char bytes[LARGE], now[LARGE];
	int small, large, sparse, empty, first, second, path;
	struct stat before, status;
	char text[64] = "", *mapped;

	small = make("small");
	must(write(small, "few bytes", 9));
	must(lseek(small, 4, SEEK_SET));
	must(fchown(small, 1000, 1001));
	must(fchmod(small, 04711));
	large = make("large");
	fill_pattern(bytes, LARGE, 3);
	must(write(large, bytes, LARGE));
	sparse = make("sparse");
	must(pwrite(sparse, "start", 5, 0));
	must(pwrite(sparse, "middle", 6, SPARSE / 2));
	must(ftruncate(sparse, SPARSE));
	empty = make("empty");
	first = make("first");
	must(write(first, "two names", 9));
	must(link("first", "second"));
	second = must(open("second", O_RDONLY));
	must(dup2(make("keep"), 10));
	must(write(10, "peek", 4));
	participant(shared_child);
	path = must(open("large", O_PATH));
	mapped = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, large, 4096));
	must(fstat(small, &before));
	must(unlink("small"));
	must(unlink("large"));
	must(unlink("sparse"));
	must(unlink("empty"));
	must(unlink("first"));
	must(unlink("second"));
	must(rename("keep", "kept"));
	must(unlink("kept"));

	checkpoint();

	check_equal(read(small, text, sizeof(text)), 5);
	check(memcmp(text, "bytes", 5) == 0);
	must(fstat(small, &status));
	check_equal(status.st_nlink, 0);
	check_equal(status.st_mode, S_IFREG | 04711);
	check_equal(status.st_uid, 1000);
	check_equal(status.st_gid, 1001);
	check_equal(status.st_mtime, before.st_mtime);
	check_equal(pread(large, now, LARGE, 0), LARGE);
	check_pattern(now, LARGE, 3);
	mapped[1] = 'x';
	check_equal(pread(large, text, 1, 4097), 1);
	check_equal(text[0], 'x');
	check_equal(fcntl(path, F_GETFL) & O_PATH, O_PATH);
	must(fstat(sparse, &status));
	check_equal(status.st_size, SPARSE);
	check(status.st_blocks * 512 < 1 << 20, "%ld blocks", (long)status.st_blocks);
	check_equal(pread(sparse, text, 5, 0), 5);
	check(memcmp(text, "start", 5) == 0);
	check_equal(pread(sparse, text, 8, SPARSE / 2 - 1), 8);
	check(memcmp(text, "\0middle", 8) == 0);
	must(fstat(empty, &status));
	check_equal(status.st_size, 0);
	check_equal(pwrite(first, "one", 3, 0), 3);
	check_equal(pread(second, text, 9, 0), 9);
	check(memcmp(text, "one names", 9) == 0);
	check(access("small", F_OK) && access("large", F_OK) && access("first", F_OK) && access("second", F_OK));
	return finish();
}
