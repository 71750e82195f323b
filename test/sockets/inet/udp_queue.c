// SPDX-License-Identifier: GPL-2.0
/* Datagrams that nobody has read: bound, connected and shared sockets, IPv4 and IPv6, empty and large ones, with
 * their senders. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static char large[60000];

static int bound(int family, int shared, struct sockaddr_storage *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t length = sizeof(*address);
	int fd = must(socket(family, SOCK_DGRAM, 0));

	if (shared)
		must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof(shared)));
	if (shared && address->ss_family)
		must(bind(fd, (struct sockaddr *)address, sizeof(v4)));
	else
		must(bind(fd, family == AF_INET ? (void *)&v4 : (void *)&v6, family == AF_INET ? sizeof(v4) : sizeof(v6)));
	must(getsockname(fd, (struct sockaddr *)address, &length));
	return fd;
}

static void put(int fd, const struct sockaddr_storage *to, const char *text)
{
	must(sendto(fd, text, strlen(text), 0, (const struct sockaddr *)to, sizeof(*to)));
}

static void take(int fd, const char *text, int sender)
{
	struct sockaddr_storage from = { 0 }, wanted = { 0 };
	socklen_t length = sizeof(from), wanted_length = sizeof(wanted);
	char data[64] = "";
	ssize_t n = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT, (struct sockaddr *)&from, &length);

	check(n == (ssize_t)strlen(text) && !memcmp(data, text, n), "'%s' of %zd bytes instead of '%s'", data, n, text);
	check(!getsockname(sender, (struct sockaddr *)&wanted, &wanted_length));
	check(length == wanted_length && !memcmp(&from, &wanted, length));
}

int main(void)
{
	struct sockaddr_storage v4 = { 0 }, v6 = { 0 }, group = { 0 }, one = { 0 }, two = { 0 }, six = { 0 };
	int receiver = bound(AF_INET, 0, &v4), receiver6 = bound(AF_INET6, 0, &v6), sender = bound(AF_INET, 0, &one);
	int other = bound(AF_INET, 0, &two), sender6 = bound(AF_INET6, 0, &six), members[4], got[4], sum = 0;

	fill_pattern(large, sizeof(large), 5);
	for (int i = 0; i < 4; i++)
		members[i] = bound(AF_INET, 1, &group);
	put(sender, &v4, "first");
	put(other, &v4, "second");
	put(sender, &v4, "");
	put(sender6, &v6, "six");
	must(sendto(other, large, sizeof(large), 0, (struct sockaddr *)&v4, sizeof(v4)));
	for (int i = 0; i < 40; i++) {
		int fd = must(socket(AF_INET, SOCK_DGRAM, 0));

		put(fd, &group, "member");
		close(fd);
	}
	must(connect(other, (struct sockaddr *)&one, sizeof(one)));
	put(sender, &two, "to one");
	for (int i = 0; i < 4; i++) {
		char data[8];

		/* Half of them are read before. */
		for (got[i] = 0; got[i] < 20 && recv(members[i], data, 8, MSG_DONTWAIT | MSG_PEEK) > 0; got[i]++) {
			if (got[i] == 3)
				break;
			recv(members[i], data, 8, MSG_DONTWAIT);
		}
	}
	checkpoint();
	take(receiver, "first", sender);
	take(receiver, "second", other);
	take(receiver, "", sender);
	check_equal(recv(receiver, large, sizeof(large), MSG_DONTWAIT), sizeof(large));
	check_pattern(large, sizeof(large), 5);
	take(receiver6, "six", sender6);
	take(other, "to one", sender);
	for (int i = 0; i < 4; i++) {
		char data[8];

		while (recv(members[i], data, 8, MSG_DONTWAIT) == 6)
			got[i]++;
		sum += got[i];
	}
	check_equal(sum, 40);
	check(recv(receiver, large, 10, MSG_DONTWAIT) < 0);
	put(sender, &v4, "new");
	take(receiver, "new", sender);
	return finish();
}
