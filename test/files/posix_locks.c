// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
/* POSIX locks: ranges of both kinds, to the end of the file, in two processes, on a file that is also
 * mapped and open twice; what others see of them, and that closing the second descriptor still gives them up. */
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static int file;
static volatile pid_t *pids;

static struct flock range(int type, off_t start, off_t length)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
}

static void lock(int fd, int type, off_t start, off_t length)
{
	struct flock wanted = range(type, start, length);

	must(fcntl(fd, F_SETLK, &wanted));
}

/* As a process sees it that wants to write there. */
static void check_lock(off_t place, int type, off_t start, off_t length, pid_t owner)
{
	struct flock now = range(F_WRLCK, place, 1);

	check_equal(fcntl(file, F_GETLK, &now), 0);
	check_equal(now.l_type, type);
	if (type == F_UNLCK)
		return;
	check_equal(now.l_start, start);
	check_equal(now.l_len, length);
	check_equal(now.l_pid, owner);
}

static void child(void)
{
	pids[1] = getpid();
	lock(file, F_WRLCK, 500, 1);
	lock(file, F_RDLCK, 200, 100);
	meet();
	checkpoint();
	check_lock(10, F_WRLCK, 10, 5, pids[0]);
	check_lock(15, F_UNLCK, 0, 0, 0);
	check_lock(20, F_RDLCK, 20, 30, pids[0]);
	check_lock(1000000, F_WRLCK, 1000, 0, pids[0]);
	check_lock(250, F_RDLCK, 250, 20, pids[0]);
	meet();
	meet();
	/* The root has closed its second descriptor. */
	check_lock(10, F_UNLCK, 0, 0, 0);
	check_lock(1000, F_UNLCK, 0, 0, 0);
	meet();
}

int main(void)
{
	struct flock mine;
	int second;
	char *mapped;

	pids = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pids[0] = getpid();
	file = must(open("file", O_RDWR | O_CREAT, 0600));
	must(ftruncate(file, 8192));
	mapped = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	strcpy(mapped, "mapped");
	second = must(open("file", O_RDONLY));
	participant(child);
	lock(file, F_WRLCK, 10, 5);
	lock(second, F_RDLCK, 20, 30);
	lock(file, F_RDLCK, 250, 20);
	lock(file, F_WRLCK, 1000, 0);
	meet();

	checkpoint();

	check(strcmp(mapped, "mapped") == 0);
	check_lock(500, F_WRLCK, 500, 1, pids[1]);
	check_lock(210, F_RDLCK, 200, 100, pids[1]);
	mine = range(F_WRLCK, 500, 1);
	check(fcntl(file, F_SETLK, &mine) < 0, "the other's range can be had");
	meet();
	must(close(second));
	meet();
	meet();
	return finish();
}
