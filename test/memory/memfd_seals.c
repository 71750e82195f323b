// SPDX-License-Identifier: GPL-2.0
/* Seals of memory files, each alone and what they forbid; mappings that were there before a seal; MFD_NOEXEC_SEAL. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

enum { SEALS = 6 };

int main(void)
{
	const int seals[SEALS] = { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_EXEC };
	int fds[SEALS], kept[SEALS], plain = must(memfd_create("unsealable", 0)), no_exec, i;
	unsigned char *before = NULL;
	struct stat stat;

	for (i = 0; i < SEALS; i++) {
		fds[i] = must(memfd_create("sealed", MFD_ALLOW_SEALING));
		must(write(fds[i], "text", 4));
		if (seals[i] == F_SEAL_FUTURE_WRITE)
			before = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[i], 0));
		if (fcntl(fds[i], F_ADD_SEALS, seals[i]) < 0)
			check_equal(seals[i], F_SEAL_EXEC); /* Linux 6.3 */
		kept[i] = must(fcntl(fds[i], F_GET_SEALS));
	}
	no_exec = memfd_create("no exec", MFD_NOEXEC_SEAL);

	checkpoint();

	for (i = 0; i < SEALS; i++)
		check_equal(fcntl(fds[i], F_GET_SEALS), kept[i]);
	check_equal(fcntl(plain, F_GET_SEALS), F_SEAL_SEAL);
	check(fcntl(fds[0], F_ADD_SEALS, F_SEAL_GROW) < 0 && errno == EPERM);
	check(ftruncate(fds[1], 1) < 0 && errno == EPERM);
	check(ftruncate(fds[2], 100) < 0 && errno == EPERM);
	check(pwrite(fds[3], "t", 1, 0) < 0 && errno == EPERM);
	check(pwrite(fds[4], "t", 1, 0) < 0 && errno == EPERM);
	before[0] = 'T';
	check_equal(must(fcntl(fds[1], F_ADD_SEALS, F_SEAL_GROW)), 0);
	if (no_exec >= 0) {
		must(fstat(no_exec, &stat));
		check_equal(stat.st_mode & 0111, 0);
		check(fchmod(no_exec, 0755) < 0 && errno == EPERM);
	}
	return finish();
}
