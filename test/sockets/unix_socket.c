// SPDX-License-Identifier: GPL-2.0
/* Connected pairs of all types, with data in both directions, across a fork. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const int types[3] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
static int ends[3][2];

static void child(void)
{
	checkpoint();
	for (int i = 0; i < 3; i++)
		check_equal(write(ends[i][1], "child", 5), 5);
}

static int type_of(int fd)
{
	int type = 0;
	socklen_t length = sizeof(type);

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
	return type;
}

int main(void)
{
	static char big[100000], copy[100000];
	int large[2];

	for (int i = 0; i < 3; i++) {
		must(socketpair(AF_UNIX, types[i] | (i ? SOCK_CLOEXEC : SOCK_NONBLOCK), 0, ends[i]));
		must(write(ends[i][0], "first", 5));
		must(write(ends[i][0], "second", 6));
		must(write(ends[i][1], "back", 4));
	}
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, large));
	fill_pattern(big, sizeof(big), 7);
	check_equal(must(write(large[0], big, sizeof(big))), sizeof(big));
	participant(child);

	checkpoint();

	for (int i = 0; i < 3; i++) {
		char text[64] = "";

		check_equal(type_of(ends[i][0]), types[i]);
		check_equal(fcntl(ends[i][0], F_GETFD), i ? FD_CLOEXEC : 0);
		check_equal(fcntl(ends[i][0], F_GETFL) & O_NONBLOCK, i ? 0 : O_NONBLOCK);
		if (types[i] == SOCK_STREAM) {
			check_equal(read(ends[i][1], text, sizeof(text)), 11);
			check(!memcmp(text, "firstsecond", 11));
		} else {
			check_equal(read(ends[i][1], text, sizeof(text)), 5);
			check(!memcmp(text, "first", 5));
			check_equal(read(ends[i][1], text, sizeof(text)), 6);
		}
		check_equal(recv(ends[i][1], text, sizeof(text), MSG_DONTWAIT), -1);
		check_equal(read(ends[i][0], text, 4), 4);
		check(!memcmp(text, "back", 4));
		wait_for(recv(ends[i][0], text, 5, MSG_DONTWAIT) == 5);
		check(!memcmp(text, "child", 5));
	}
	check_equal(recv(large[1], copy, sizeof(copy), MSG_WAITALL), sizeof(copy));
	check_pattern(copy, sizeof(copy), 7);
	return finish();
}
