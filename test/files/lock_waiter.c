// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
/* Processes of the tree that wait for locks of others in it: they wait on, and get them when these are given up. */
#include "test.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile int *got;

static int open_file(const char *name)
{
	return must(open(name, O_RDWR | O_CREAT, 0600));
}

static void wants_flock(void)
{
	int fd = open_file("flock");

	announce();
	check_equal(flock(fd, LOCK_EX), 0);
	got[0] = 1;
	wait_until_released();
}

static void wants_posix(void)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1 };
	int fd = open_file("posix");

	announce();
	check_equal(fcntl(fd, F_SETLKW, &range), 0);
	got[1] = 1;
	wait_until_released();
}

static void wants_ofd(void)
{
	struct flock range = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd = open_file("ofd");

	announce();
	check_equal(fcntl(fd, F_OFD_SETLKW, &range), 0);
	got[2] = 1;
	wait_until_released();
}

int main(void)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int files[3] = { open_file("flock"), open_file("posix"), open_file("ofd") };
	pid_t pids[3];

	got = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	must(flock(files[0], LOCK_EX));
	must(fcntl(files[1], F_SETLK, &range));
	must(fcntl(files[2], F_OFD_SETLK, &range));
	pids[0] = participant(wants_flock);
	pids[1] = participant(wants_posix);
	pids[2] = participant(wants_ofd);
	for (int i = 0; i < 3; i++)
		wait_for(process_state(pids[i]) == 'S');
	sleep_milliseconds(50);

	checkpoint();

	sleep_milliseconds(50);
	for (int i = 0; i < 3; i++)
		check_equal(got[i], 0);
	range.l_type = F_UNLCK;
	must(flock(files[0], LOCK_UN));
	must(fcntl(files[1], F_SETLK, &range));
	must(fcntl(files[2], F_OFD_SETLK, &range));
	for (int i = 0; i < 3; i++)
		wait_for(got[i]);
	return finish();
}
