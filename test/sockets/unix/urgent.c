// SPDX-License-Identifier: GPL-2.0
/*
 * The byte that was sent with MSG_OOB: before, between and behind other data, and in line. What a reader sees of it is not the
 * same under each kernel (under 6.1 there seems to be nothing behind the byte when it has been taken), so a socket that was
 * saved is compared with a new one.
 */
#include "test.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>
#include <unistd.h>

/* ! is the out-of-band byte */
static const char *const texts[] = { "!", "ab!", "!ab", "ab!cd" };
enum { COUNT = sizeof(texts) / sizeof(texts[0]) };

/* What a reader has seen. */
struct report {
	char text[256];
	size_t length;
};

static void make(const char *text, bool in_line, int ends[2])
{
	int on = in_line;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	must(setsockopt(ends[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
	for (; *text; text++)
		must(send(ends[0], text, 1, *text == '!' ? MSG_OOB : 0));
}

static void note(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct report *report, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report->length += vsnprintf(report->text + report->length, sizeof(report->text) - report->length, format, arguments);
	va_end(arguments);
}

static void note_mark(struct report *report, int fd)
{
	int value = -1;

	ioctl(fd, SIOCATMARK, &value);
	note(report, "mark %d, ", value);
}

static void note_data(struct report *report, const char *what, int fd, int flags)
{
	char got[16] = "";
	ssize_t length = recv(fd, got, sizeof(got) - 1, flags | MSG_DONTWAIT);

	note(report, "%s %zd \"%s\", ", what, length, got);
}

static struct report read_apart(int fd, const char *text)
{
	struct report report = { 0 };

	note_mark(&report, fd);
	note_data(&report, "out of band", fd, MSG_OOB | MSG_PEEK);
	if (*text != '!') /* else this would take the byte away */
		note_data(&report, "before", fd, 0);
	note_mark(&report, fd);
	note_data(&report, "taken", fd, MSG_OOB);
	note_mark(&report, fd);
	for (int i = 0; i < 3; i++)
		note_data(&report, "behind", fd, 0);
	return report;
}

static struct report read_in_line(int fd)
{
	struct report report = { 0 };

	for (int i = 0; i < 3; i++) {
		note_mark(&report, fd);
		note_data(&report, "in line", fd, 0);
	}
	return report;
}

static void compare(const char *text, const struct report *got, const struct report *wanted)
{
	check(!strcmp(got->text, wanted->text), "%s: %s\ninstead of %s", text, got->text, wanted->text);
	check(strchr(got->text, '!') != NULL, "%s: %s", text, got->text);
	for (; *text; text++)
		check(strchr(got->text, *text) != NULL, "%s", got->text);
}

int main(void)
{
	int apart[COUNT][2], in_line[COUNT][2], other[2];
	struct report got, wanted;

	for (int i = 0; i < COUNT; i++) {
		make(texts[i], false, apart[i]);
		make(texts[i], true, in_line[i]);
	}
	checkpoint();
	for (int i = 0; i < COUNT; i++) {
		make(texts[i], false, other);
		got = read_apart(apart[i][1], texts[i]);
		wanted = read_apart(other[1], texts[i]);
		compare(texts[i], &got, &wanted);
		make(texts[i], true, other);
		got = read_in_line(in_line[i][1]);
		wanted = read_in_line(other[1]);
		compare(texts[i], &got, &wanted);
	}
	return finish();
}
