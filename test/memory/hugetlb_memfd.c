// SPDX-License-Identifier: GPL-2.0
/* Memory files of huge pages (MFD_HUGETLB): descriptors, seals, shared mappings, private ones written and not, and one without descriptor. */
#include "huge.h"

#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

static int file(const char *name, unsigned pages)
{
	int fd = memfd_create(name, MFD_HUGETLB | MFD_ALLOW_SEALING | MFD_HUGE_2MB);

	if (fd < 0)
		skip("no memory files of huge pages");
	must(ftruncate(fd, pages * HUGE_BYTES));
	return fd;
}

static unsigned char *map(int fd, unsigned pages, int flags)
{
	unsigned char *memory = mmap(NULL, pages * HUGE_BYTES, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (memory == MAP_FAILED)
		skip("too few huge pages");
	return memory;
}

int main(void)
{
	unsigned char *shared, *written, *clean, *orphan;
	struct test_mapping mapping;
	int fd, sealed, gone;
	struct stat stat;

	reserve_huge_pages();
	fd = file("huge", 3);
	shared = map(fd, 3, MAP_SHARED);
	fill_pattern(shared, HUGE_BYTES, 1);
	fill_pattern(shared + 2 * HUGE_BYTES, HUGE_BYTES, 2);
	written = map(fd, 1, MAP_PRIVATE);
	fill_pattern(written, HUGE_BYTES, 3);
	clean = map(fd, 1, MAP_PRIVATE);
	sealed = file("sealed", 1);
	must(fcntl(sealed, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK));
	gone = file("gone", 1);
	orphan = map(gone, 1, MAP_SHARED);
	fill_pattern(orphan, HUGE_BYTES, 4);
	must(close(gone));
	must(lseek(fd, 77, SEEK_SET));

	checkpoint();

	must(fstat(fd, &stat));
	check_equal(stat.st_size, 3 * HUGE_BYTES);
	check_equal(stat.st_blksize, HUGE_BYTES);
	check_equal(lseek(fd, 0, SEEK_CUR), 77);
	check_pattern(shared, HUGE_BYTES, 1);
	check_pattern(shared + 2 * HUGE_BYTES, HUGE_BYTES, 2);
	check_pattern(clean, HUGE_BYTES, 1);
	check_pattern(written, HUGE_BYTES, 3);
	check_pattern(orphan, HUGE_BYTES, 4);
	check_equal(stat.st_blocks * 512, 2 * HUGE_BYTES);
	written[0] ^= 1;
	shared[10] ^= 1;
	check_equal(clean[10], shared[10]);
	check_equal(fcntl(sealed, F_GET_SEALS), F_SEAL_GROW | F_SEAL_SHRINK);
	check(ftruncate(sealed, 0) < 0);
	check(find_mapping(shared, &mapping) && mapping.permissions[3] == 's');
	return finish();
}
