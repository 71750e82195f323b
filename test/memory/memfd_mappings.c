// SPDX-License-Identifier: GPL-2.0
/* Mappings of memory files: private ones written in part, shared ones, read-only ones under seals that
 * forbid any other, of a file with a hole, and behind a file's end. No descriptor is left open. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

enum { PAGE = 4096, LENGTH = 16 * PAGE };

static int file(const char *name, unsigned seed)
{
	int fd = must(memfd_create(name, MFD_ALLOW_SEALING));
	unsigned char contents[LENGTH];

	fill_pattern(contents, LENGTH, seed);
	must(write(fd, contents, LENGTH));
	return fd;
}

static unsigned char *map(int fd, int protection, int flags)
{
	return must(mmap(NULL, LENGTH, protection, flags, fd, 0));
}

int main(void)
{
	int both = file("both", 1), sealed = file("sealed", 2), future = file("future", 3), hole;
	unsigned char *shared = map(both, PROT_READ | PROT_WRITE, MAP_SHARED), *clean = map(both, PROT_READ, MAP_PRIVATE);
	unsigned char *written = map(both, PROT_READ | PROT_WRITE, MAP_PRIVATE), *read_only, *early, *sparse, *short_file;

	fill_pattern(written + 5 * PAGE, PAGE, 50);
	must(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW));
	read_only = map(sealed, PROT_READ, MAP_PRIVATE);
	early = map(future, PROT_READ | PROT_WRITE, MAP_SHARED);
	must(fcntl(future, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	hole = must(memfd_create("hole", 0));
	must(ftruncate(hole, 1 << 30));
	must(pwrite(hole, "far", 3, (1 << 30) - 3));
	sparse = must(mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE, MAP_SHARED, hole, 0));
	must(close(hole));
	hole = file("short", 4);
	short_file = map(hole, PROT_READ | PROT_WRITE, MAP_SHARED);
	must(ftruncate(hole, PAGE + 100));
	must(close(hole));
	must(close(both));
	must(close(sealed));
	must(close(future));

	checkpoint();

	check_pattern(shared, LENGTH, 1);
	shared[0] ^= 1;
	check_equal(clean[0], shared[0]);
	check_equal(written[0], shared[0]);
	check_pattern(written + 5 * PAGE, PAGE, 50);
	shared[5 * PAGE] = 1;
	written[6 * PAGE] ^= 1;
	check(shared[6 * PAGE] != written[6 * PAGE]);
	check_pattern(read_only, LENGTH, 2);
	check_pattern(early, LENGTH, 3);
	early[0] = 5;
	check(memcmp(sparse + (1 << 30) - 3, "far", 3) == 0 && sparse[1 << 20] == 0);
	check_equal(wrong_byte(short_file, PAGE + 100, 4), -1);
	check_equal(short_file[PAGE + 100], 0);
	if (must(fork()) == 0) {
		((volatile unsigned char *)short_file)[2 * PAGE] = 1;
		_exit(0);
	} else {
		int status;

		must(wait(&status));
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS, "status 0x%x behind the end", status);
	}
	return finish();
}
