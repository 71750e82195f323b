// SPDX-License-Identifier: GPL-2.0
/* The byte that was sent with MSG_OOB: before, between and behind other data, and in line. */
#include "test.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>
#include <unistd.h>

/* ! is the out-of-band byte */
static const char *const texts[] = { "!", "ab!", "!ab", "ab!cd" };
enum { COUNT = sizeof(texts) / sizeof(texts[0]) };

static void make(const char *text, bool in_line, int ends[2])
{
	int on = in_line;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	must(setsockopt(ends[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
	for (; *text; text++)
		must(send(ends[0], text, 1, *text == '!' ? MSG_OOB : 0));
}

static int at_mark(int fd)
{
	int value = -1;

	ioctl(fd, SIOCATMARK, &value);
	return value;
}

/* length bytes come in one piece, and no more */
static void check_piece(int fd, const char *text, size_t length)
{
	char got[16] = "";

	if (length)
		check(recv(fd, got, sizeof(got), MSG_DONTWAIT) == (ssize_t)length && !memcmp(got, text, length),
		      "\"%.*s\" instead of \"%s\"", (int)length, text, got);
}

static void check_apart(const char *text, int fd)
{
	size_t before = strchr(text, '!') - text;
	char byte = 0;

	check_equal(at_mark(fd), before == 0);
	check(recv(fd, &byte, 1, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) == 1 && byte == '!');
	check_piece(fd, text, before);
	check_equal(at_mark(fd), 1);
	check(recv(fd, &byte, 1, MSG_OOB | MSG_DONTWAIT) == 1 && byte == '!');
	check_piece(fd, text + before + 1, strlen(text) - before - 1);
	check_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
}

static void check_in_line(const char *text, int fd)
{
	size_t before = strchr(text, '!') - text;
	char byte;

	check_piece(fd, text, before);
	check_equal(at_mark(fd), 1);
	check_piece(fd, text + before, strlen(text) - before);
	check_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
}

int main(void)
{
	int apart[COUNT][2], in_line[COUNT][2];

	for (int i = 0; i < COUNT; i++) {
		make(texts[i], false, apart[i]);
		make(texts[i], true, in_line[i]);
	}
	checkpoint();
	for (int i = 0; i < COUNT; i++) {
		check_apart(texts[i], apart[i][1]);
		check_in_line(texts[i], in_line[i][1]);
	}
	return finish();
}
