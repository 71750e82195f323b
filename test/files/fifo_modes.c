// SPDX-License-Identifier: GPL-2.0
/* FIFOs of every open mode: only readers, only writers with bytes left, each with O_NONBLOCK and without, both ends,
 * another size, a name that was removed, a reader that waits. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void waiting(void)
{
	int fd = must(open("waiting", O_RDWR));
	char text[8] = "";

	must(fcntl(fd, F_SETFL, 0));
	announce();
	check_equal(read(fd, text, 8), 4);
	check(memcmp(text, "late", 4) == 0);
	wait_until_released();
}

static int flags_of(int fd)
{
	return fcntl(fd, F_GETFL) & ~0100000;
}

int main(void)
{
	int reader, hung_up, writer, both, blocking, sized, extra, late;
	struct pollfd poll_one = { .events = POLLIN };
	char text[16] = "";

	signal(SIGPIPE, SIG_IGN);
	must(mkfifo("reader", 0600));
	must(mkfifo("writer", 0600));
	must(mkfifo("both", 0600));
	must(mkfifo("sized", 0600));
	must(mkfifo("waiting", 0600));
	reader = must(open("reader", O_RDONLY | O_NONBLOCK));
	extra = must(open("writer", O_RDWR));
	writer = must(open("writer", O_WRONLY | O_NONBLOCK));
	must(write(writer, "left over", 9));
	must(close(extra));
	must(mkfifo("hung-up", 0600));
	hung_up = must(open("hung-up", O_RDONLY | O_NONBLOCK));
	must(close(must(open("hung-up", O_WRONLY | O_NONBLOCK))));
	both = must(open("both", O_RDWR | O_NONBLOCK));
	blocking = must(open("both", O_RDONLY));
	must(write(both, "abc", 3));
	sized = must(open("sized", O_RDWR | O_CLOEXEC));
	must(fcntl(sized, F_SETPIPE_SZ, 1 << 18));
	must(write(sized, "bytes", 5));
	must(unlink("sized"));
	late = must(open("waiting", O_RDWR));
	participant(waiting);

	checkpoint();

	check_equal(flags_of(reader), O_RDONLY | O_NONBLOCK);
	check_equal(flags_of(writer), O_WRONLY | O_NONBLOCK);
	check_equal(flags_of(both), O_RDWR | O_NONBLOCK);
	check_equal(flags_of(blocking), O_RDONLY);
	check_equal(read(reader, text, 1), 0);
	poll_one.fd = reader;
	check_equal(poll(&poll_one, 1, 0), 0); /* there has been no writer yet: no hang-up */
	must(close(must(open("reader", O_WRONLY | O_NONBLOCK))));
	check_equal(poll(&poll_one, 1, 0), 1);
	check_equal(poll_one.revents, POLLHUP);
	poll_one.fd = hung_up;
	check_equal(poll(&poll_one, 1, 0), 1);
	check_equal(poll_one.revents, POLLHUP);
	check(write(writer, "x", 1) < 0 && errno == EPIPE);
	extra = must(open("writer", O_RDONLY | O_NONBLOCK));
	check_equal(read(extra, text, 16), 9);
	check(memcmp(text, "left over", 9) == 0);
	check_equal(read(blocking, text, 16), 3);
	check(read(both, text, 1) < 0 && errno == EAGAIN);
	check_equal(fcntl(sized, F_GETPIPE_SZ), 1 << 18);
	check_equal(read(sized, text, 16), 5);
	check(open("sized", O_RDONLY | O_NONBLOCK) < 0);
	must(write(late, "late", 4));
	return finish();
}
