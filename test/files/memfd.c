// SPDX-License-Identifier: GPL-2.0
/* Memory files: names, sizes, contents with holes, positions, seals, several descriptions, mappings
 * that share and that do not, and one that only a mapping still holds. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void check_name(int fd, const char *wanted)
{
	char path[64], link[128] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(readlink(path, link, sizeof(link) - 1));
	check(strcmp(link, wanted) == 0, "descriptor %d is %s", fd, link);
}

int main(void)
{
	int plain = must(memfd_create("some memory", 0)), second, sealed, gone;
	int open_to_seals = must(memfd_create("", MFD_ALLOW_SEALING));
	char text[16] = "", path[64], *shared, *private, *orphan;
	struct stat stat;

	must(write(plain, "inside", 6));
	must(ftruncate(plain, 100 * PAGE + 10));
	must(pwrite(plain, "end", 3, 100 * PAGE + 7));
	must(fchmod(plain, 0640));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", plain);
	second = must(open(path, O_RDONLY));
	must(lseek(second, 3, SEEK_SET));
	shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, plain, 0);
	private = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, plain, 0);
	private[0] = 'I';
	sealed = must(memfd_create("sealed", MFD_ALLOW_SEALING));
	must(write(sealed, "for ever", 8));
	must(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_SEAL));
	gone = must(memfd_create("held by a mapping", 0));
	must(ftruncate(gone, PAGE));
	orphan = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, gone, 0);
	strcpy(orphan, "orphan");
	must(close(gone));

	checkpoint();

	check_name(plain, "/memfd:some memory (deleted)");
	must(fstat(plain, &stat));
	check_equal(stat.st_size, 100 * PAGE + 10);
	check_equal(stat.st_mode & 07777, 0640);
	check(stat.st_blocks < 100 * 8, "the hole takes %ld blocks", (long)stat.st_blocks);
	check_equal(lseek(plain, 0, SEEK_CUR), 6);
	check_equal(read(second, text, 3), 3);
	check(memcmp(text, "ide", 3) == 0);
	check_equal(pread(plain, text, 3, 100 * PAGE + 7), 3);
	check(memcmp(text, "end", 3) == 0);
	check(memcmp(shared, "inside", 6) == 0 && memcmp(private, "Inside", 6) == 0);
	shared[1] = 'N';
	check(pread(second, text, 2, 0) == 2 && text[1] == 'N', "mapping and file are not one any more");
	check_equal(fcntl(plain, F_GET_SEALS), F_SEAL_SEAL);
	check_equal(fcntl(sealed, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_SEAL);
	check(pread(sealed, text, 8, 0) == 8 && memcmp(text, "for ever", 8) == 0);
	check_equal(fcntl(open_to_seals, F_GET_SEALS), 0);
	check(strcmp(orphan, "orphan") == 0);
	return finish();
}
