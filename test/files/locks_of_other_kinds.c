// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
/* Locks on what is no regular file: a pipe, a FIFO, a socket, a device, a memfd, a deleted file. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static int files[8], count;

static void add(int fd)
{
	must(flock(must(fd), LOCK_EX));
	files[count++] = fd;
}

int main(void)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 3, .l_len = 4 };
	int pair[2], ends[2], deleted, status;
	pid_t child;

	must(mkfifo("fifo", 0600));
	must(mknod("device", S_IFCHR | 0600, makedev(1, 7)));
	must(pipe(ends));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	add(ends[0]);
	add(open("fifo", O_RDWR));
	add(pair[1]);
	add(open("device", O_RDWR));
	add(memfd_create("memory", 0));
	deleted = must(open("deleted", O_RDWR | O_CREAT, 0600));
	must(fcntl(deleted, F_SETLK, &range));
	add(deleted);
	must(unlink("deleted"));

	checkpoint();

	/* First, since closing a descriptor of the file gives up the POSIX lock. */
	child = must(fork());
	if (child == 0)
		_exit(fcntl(deleted, F_GETLK, &range) == 0 && range.l_type == F_WRLCK && range.l_start == 3 &&
				      range.l_len == 4 ? 0 : 1);
	must(waitpid(child, &status, 0));
	check_equal(status, 0);
	for (int i = 0; i < count; i++) {
		char path[32];
		int other;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", files[i]);
		other = open(path, O_RDWR | O_NONBLOCK);
		if (other >= 0) /* a socket cannot be opened again */
			check(flock(other, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK, "%d", i);
		close(other);
	}
	return finish();
}
