// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
// differs: lock: .* BREAKING
/* Leases: for reading, for writing, and two that their holder has been asked to give up. Whoever then opens the
 * file makes the holder get the signal that it chose; one that was sent before comes only once. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile int came[4], numbers;

static void handler(int signo, siginfo_t *info, void *unused)
{
	(void)signo;
	(void)unused;
	for (int i = 0; i < 4; i++)
		came[i] += info->si_fd == 10 + i;
	numbers++;
}

static void make(int number, const char *name, int flags, int type)
{
	int fd;

	must(close(must(open(name, O_CREAT | O_WRONLY, 0700))));
	fd = must(open(name, flags));
	must(dup2(fd, number));
	must(close(fd));
	must(fcntl(number, F_SETSIG, SIGRTMIN));
	must(fcntl(number, F_SETLEASE, type));
}

/* Somebody wants it; the program is asked. */
static void want(const char *name, int flags)
{
	int fd = open(name, flags | O_NONBLOCK);

	check(fd < 0 && errno == EWOULDBLOCK, "%s could be opened", name);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	int fd;

	must(sigaction(SIGRTMIN, &action, NULL));
	make(10, "reading", O_RDONLY, F_RDLCK);
	make(11, "writing", O_RDWR, F_WRLCK);
	make(12, "asked-to-read", O_WRONLY, F_WRLCK);
	make(13, "asked-to-give-up", O_RDONLY, F_RDLCK);
	want("asked-to-read", O_RDONLY);
	want("asked-to-give-up", O_WRONLY);
	wait_for(numbers == 2);

	checkpoint();

	check_equal(numbers, 2);
	check_equal(fcntl(10, F_GETLEASE), F_RDLCK);
	check_equal(fcntl(11, F_GETLEASE), F_WRLCK);
	check_equal(fcntl(12, F_GETLEASE), F_RDLCK);
	check_equal(fcntl(13, F_GETLEASE), F_UNLCK);
	fd = open("reading", O_RDONLY | O_NONBLOCK);
	check(fd >= 0, "a lease for reading keeps out a reader");
	close(fd);
	check_equal(numbers, 2);
	want("reading", O_WRONLY);
	want("writing", O_RDONLY);
	wait_for(numbers == 4);
	for (int i = 0; i < 4; i++)
		check_equal(came[i], 1);
	check_equal(fcntl(11, F_SETLEASE, F_UNLCK), 0);
	fd = open("writing", O_RDWR | O_NONBLOCK);
	check(fd >= 0);
	close(fd);
	check_equal(fcntl(13, F_SETLEASE, F_UNLCK), 0);
	fd = open("asked-to-give-up", O_RDWR | O_NONBLOCK);
	check(fd >= 0);
	return finish();
}
