// SPDX-License-Identifier: GPL-2.0
/* Pipes: bytes in them, both ends here or in two processes, an end that nobody holds, sizes, flags. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int to_child[2], from_child[2];

static void child(void)
{
	unsigned char bytes[1000];

	close(to_child[1]);
	close(from_child[0]);
	checkpoint();
	check_equal(read(to_child[0], bytes, sizeof(bytes)), 1000);
	check_pattern(bytes, 1000, 1);
	check_equal(write(from_child[1], "answer", 6), 6);
	check_equal(read(to_child[0], bytes, sizeof(bytes)), 0); /* the root closes its end */
}

int main(void)
{
	static unsigned char bytes[300000], now[300000];
	int own[2], big[2], no_writer[2], no_reader[2], full[2];
	long filled = 0;
	char answer[16] = "";

	signal(SIGPIPE, SIG_IGN);
	must(pipe(to_child));
	must(pipe(from_child));
	participant(child);
	must(close(to_child[0]));
	must(close(from_child[1]));
	fill_pattern(bytes, 1000, 1);
	must(write(to_child[1], bytes, 1000));

	must(pipe2(own, O_NONBLOCK | O_CLOEXEC));
	must(write(own[1], "inside", 6));
	must(pipe(big));
	must(fcntl(big[1], F_SETPIPE_SZ, 512 * 1024));
	fill_pattern(bytes, sizeof(bytes), 2);
	must(write(big[1], bytes, sizeof(bytes)));
	must(pipe(no_writer));
	must(write(no_writer[1], "last words", 10));
	must(close(no_writer[1]));
	must(pipe(no_reader));
	must(close(no_reader[0]));
	must(pipe2(full, O_NONBLOCK));
	while (write(full[1], bytes, 4096) > 0)
		filled += 4096;

	checkpoint();

	check_equal(read(from_child[0], answer, 6), 6);
	check(memcmp(answer, "answer", 6) == 0);
	check_equal(read(own[0], answer, 16), 6);
	check(memcmp(answer, "inside", 6) == 0);
	check(read(own[0], answer, 16) < 0 && errno == EAGAIN);
	check_equal(fcntl(big[0], F_GETPIPE_SZ), 512 * 1024);
	check_equal(read(big[0], now, sizeof(now)), sizeof(now));
	check_pattern(now, sizeof(now), 2);
	check_equal(read(no_writer[0], answer, 16), 10);
	check_equal(read(no_writer[0], answer, 16), 0);
	check(write(no_reader[1], "x", 1) < 0 && errno == EPIPE);
	check(write(full[1], bytes, 1) < 0 && errno == EAGAIN, "more fits than did");
	while (filled > 0 && check(read(full[0], now, 4096) == 4096, "%ld bytes are missing", filled))
		filled -= 4096;
	must(close(to_child[1]));
	return finish();
}
