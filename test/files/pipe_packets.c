// SPDX-License-Identifier: GPL-2.0
/* Packet mode (O_DIRECT): each read gets one packet; a pipe full of them; a FIFO; one packet behind bytes of a
 * stream; a pipe that has left the mode; a pipe with packets whose writer is gone. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char text[8192];

static void check_read(int fd, ssize_t length, int byte)
{
	ssize_t got = read(fd, text, sizeof(text));

	check_equal(got, length);
	check(got <= 0 || (text[0] == byte && text[got - 1] == byte), "%c...%c", text[0], text[got > 0 ? got - 1 : 0]);
}

static void put(int fd, size_t length, int byte)
{
	char bytes[8192];

	memset(bytes, byte, length);
	must(write(fd, bytes, length));
}

int main(void)
{
	int few[2], full[2], large[2], mixed[2], left[2], closed[2], one[2], fifo, count = 0;

	must(pipe2(few, O_DIRECT));
	put(few[1], 3, 'a');
	put(few[1], 6, 'b');
	put(few[1], 1, 'c');
	must(pipe2(full, O_DIRECT | O_NONBLOCK));
	while (write(full[1], "x", 1) == 1)
		count++;
	check_equal(errno, EAGAIN);
	must(pipe2(large, O_DIRECT));
	put(large[1], 4096, 'd');
	put(large[1], 6000, 'e'); /* becomes two */
	must(pipe(mixed));
	put(mixed[1], 4096, 'f'); /* what has room takes up even packets */
	must(fcntl(mixed[1], F_SETFL, O_DIRECT));
	put(mixed[1], 10, 'f');
	put(mixed[1], 20, 'g');
	must(pipe2(left, O_DIRECT));
	put(left[1], 7, 'h');
	put(left[1], 8, 'i');
	must(fcntl(left[1], F_SETFL, 0));
	must(pipe2(closed, O_DIRECT | O_CLOEXEC));
	put(closed[1], 5, 'j');
	put(closed[1], 6, 'k');
	must(close(closed[1]));
	must(pipe2(one, O_DIRECT));
	put(one[1], 9, 'l');
	must(mkfifo("fifo", 0600));
	fifo = must(open("fifo", O_RDWR));
	must(fcntl(fifo, F_SETFL, O_DIRECT | O_NONBLOCK));
	put(fifo, 4, 'm');
	put(fifo, 5, 'n');

	checkpoint();

	check_equal(fcntl(few[1], F_GETFL), O_WRONLY | O_DIRECT);
	check_equal(fcntl(few[0], F_GETFL), O_RDONLY);
	check_equal(fcntl(left[1], F_GETFL), O_WRONLY);
	check_equal(fcntl(fifo, F_GETFL) & ~0100000, O_RDWR | O_DIRECT | O_NONBLOCK);
	put(few[1], 2, 'o');
	check_read(few[0], 3, 'a');
	check_read(few[0], 6, 'b');
	check_read(few[0], 1, 'c');
	check_read(few[0], 2, 'o');
	check(write(full[1], "x", 1) < 0 && errno == EAGAIN, "more packets fit than did");
	for (int i = 0; i < count; i++)
		check_read(full[0], 1, 'x');
	check(read(full[0], text, 1) < 0 && errno == EAGAIN);
	check_read(large[0], 4096, 'd');
	check_read(large[0], 4096, 'e');
	check_read(large[0], 1904, 'e');
	check_read(mixed[0], 4106, 'f');
	check_read(mixed[0], 20, 'g');
	check_read(left[0], 7, 'h');
	check_read(left[0], 8, 'i');
	check_read(closed[0], 5, 'j');
	check_equal(read(closed[0], text, 2), 2); /* the rest of a packet is lost */
	check_equal(read(closed[0], text, 2), 0);
	put(one[1], 1, 'p');
	check_read(one[0], 9, 'l');
	check_read(one[0], 1, 'p');
	check_read(fifo, 4, 'm');
	check_read(fifo, 5, 'n');
	return finish();
}
