// SPDX-License-Identifier: GPL-2.0
/* SO_TXTIME, and options of UDP-Lite: how much of a datagram is covered by the checksum. */
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

enum { LITE = 136, SEND_COVERAGE = 10, RECEIVE_COVERAGE = 11 };

static int get(int fd, int level, int option)
{
	int value = -1;
	socklen_t length = sizeof(value);

	getsockopt(fd, level, option, &value, &length);
	return value;
}

int main(void)
{
	int timed = must(socket(AF_INET, SOCK_DGRAM, 0)), lite = socket(AF_INET, SOCK_DGRAM, LITE), coverage = 8;
	struct sock_txtime time = { CLOCK_TAI, SOF_TXTIME_DEADLINE_MODE }, got = { 0 };
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(got);
	char text[16];

	must(setsockopt(timed, SOL_SOCKET, SO_TXTIME, &time, sizeof(time)));
	if (lite >= 0) {
		must(setsockopt(lite, LITE, SEND_COVERAGE, &coverage, sizeof(coverage)));
		must(setsockopt(lite, LITE, RECEIVE_COVERAGE, &coverage, sizeof(coverage)));
		must(bind(lite, (struct sockaddr *)&name, sizeof(name)));
		length = sizeof(name);
		must(getsockname(lite, (struct sockaddr *)&name, &length));
		must(sendto(lite, "waits", 5, 0, (struct sockaddr *)&name, sizeof(name)));
	}
	checkpoint();
	length = sizeof(got);
	check(!getsockopt(timed, SOL_SOCKET, SO_TXTIME, &got, &length) && !memcmp(&got, &time, sizeof(got)));
	if (lite < 0)
		return finish();
	check_equal(get(lite, LITE, SEND_COVERAGE), 8);
	check_equal(get(lite, LITE, RECEIVE_COVERAGE), 8);
	check(recv(lite, text, sizeof(text), MSG_DONTWAIT) == 5 && !memcmp(text, "waits", 5));
	check_equal(sendto(lite, "after", 5, 0, (struct sockaddr *)&name, sizeof(name)), 5);
	check(recv(lite, text, sizeof(text), 0) == 5 && !memcmp(text, "after", 5));
	return finish();
}
