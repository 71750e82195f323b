// SPDX-License-Identifier: GPL-2.0
// terminals: own
// link: -lutil
/* Input that waits at either end: lines, a line that ^D ended, a line not finished (and still to be edited),
 * raw bytes of all values, more than the buffer holds, output to a master in packet mode. */
#include "pairs.h"

static void fill_bytes(char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (char)(i * 7 + i / 256);
}

static void write_all(int fd, const char *bytes, size_t length)
{
	for (size_t done = 0; done < length;)
		done += must(write(fd, bytes + done, length - done));
}

static size_t read_all(int fd, char *bytes, size_t size)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	size_t done = 0;

	while (done < size && poll(&poll_fd, 1, 300) == 1) {
		ssize_t got = read(fd, bytes + done, size - done);

		if (got <= 0)
			break;
		done += got;
	}
	return done;
}

enum { MANY = 9000 };

int main(void)
{
	int master, slave, raw_master, raw_slave, big_master, big_slave, packet_master, packet_slave, on = 1;
	static char bytes[MANY], got[MANY + 16];
	char text[64];

	make_pair(&master, &slave);
	write_all(master, "one\ntwo\nthr\004fo\177x", 16);
	make_pair(&raw_master, &raw_slave);
	make_raw(raw_slave);
	fill_bytes(bytes, sizeof(bytes));
	write_all(raw_master, bytes, 1000);
	write_all(raw_slave, bytes + 1000, 1000);
	make_pair(&big_master, &big_slave);
	make_raw(big_slave);
	write_all(big_master, bytes, MANY);
	make_pair(&packet_master, &packet_slave);
	make_raw(packet_slave);
	must(ioctl(packet_master, TIOCPKT, &on));
	write_all(packet_slave, "packet", 6);
	sleep_milliseconds(50); /* what was written passes through the kernel's buffers */

	checkpoint();

	check_equal(read_soon(slave, text, sizeof(text)), 4);
	check(!strcmp(text, "one\n"), "%s", text);
	check_equal(read_soon(slave, text, sizeof(text)), 4);
	check(!strcmp(text, "two\n"), "%s", text);
	check_equal(read_soon(slave, text, sizeof(text)), 3);
	check(!strcmp(text, "thr"), "%s", text);
	write_all(master, "\177y\n", 3);
	check_equal(read_soon(slave, text, sizeof(text)), 3);
	check(!strcmp(text, "fy\n"), "%s", text);
	check(read_all(master, got, sizeof(got)) > 0);
	check_equal(read_all(raw_slave, got, MANY), 1000);
	check(!memcmp(got, bytes, 1000));
	check_equal(read_all(raw_master, got, MANY), 1000);
	check(!memcmp(got, bytes + 1000, 1000));
	check_equal(read_all(big_slave, got, MANY), MANY);
	check(!memcmp(got, bytes, MANY));
	check_equal(read_soon(packet_master, text, sizeof(text)), 7);
	check(text[0] == 0 && !strcmp(text + 1, "packet"));
	return finish();
}
