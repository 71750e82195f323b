// SPDX-License-Identifier: GPL-2.0
/* For the tests of terminals: pseudo terminals, raw or as they come. */
#pragma once

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static inline void make_pair(int *master, int *slave)
{
	must(openpty(master, slave, NULL, NULL, NULL));
}

static inline void make_raw(int slave)
{
	struct termios settings;

	must(tcgetattr(slave, &settings));
	cfmakeraw(&settings);
	must(tcsetattr(slave, TCSANOW, &settings));
}

/* The number in /dev/pts of a master. */
static inline int pty_number(int master)
{
	int number = -1;

	ioctl(master, TIOCGPTN, &number);
	return number;
}

static inline short poll_now(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	poll(&poll_fd, 1, 0);
	return poll_fd.revents;
}

/* What is there to be read, waiting a second for it at most; 0 when nothing comes. */
static inline ssize_t read_soon(int fd, char *text, size_t size)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	ssize_t length = 0;

	if (poll(&poll_fd, 1, 1000) == 1)
		length = read(fd, text, size - 1);
	text[length > 0 ? length : 0] = '\0';
	return length;
}
