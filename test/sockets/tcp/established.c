// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* Connections with both ends in the tree, by IPv4, IPv6 and IPv4 through an IPv6 socket; names stay. */
#include "connections.h"

static struct pair connect_mapped(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
	struct pair pair = { .listener = must(socket(AF_INET6, SOCK_STREAM, 0)) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);

	must(bind(pair.listener, (struct sockaddr *)&address, sizeof(address)));
	must(listen(pair.listener, 8));
	must(getsockname(pair.listener, (struct sockaddr *)&address, &length));
	v4.sin_port = address.sin6_port;
	pair.client = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(pair.client, (struct sockaddr *)&v4, sizeof(v4)));
	pair.server = must(accept(pair.listener, NULL, NULL));
	return pair;
}

int main(void)
{
	struct pair pairs[] = { connect_pair(AF_INET), connect_pair(AF_INET6), connect_mapped() };
	struct sockaddr_storage names[3][2][2], now;
	socklen_t length;

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 2; j++) {
			int fd = j ? pairs[i].server : pairs[i].client;

			length = sizeof(now);
			must(getsockname(fd, (struct sockaddr *)&names[i][j][0], &length));
			length = sizeof(now);
			must(getpeername(fd, (struct sockaddr *)&names[i][j][1], &length));
		}
	checkpoint();
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 2; j++) {
			int fd = j ? pairs[i].server : pairs[i].client;

			length = sizeof(now);
			check(!getsockname(fd, (struct sockaddr *)&now, &length) && !memcmp(&now, &names[i][j][0], length));
			length = sizeof(now);
			check(!getpeername(fd, (struct sockaddr *)&now, &length) && !memcmp(&now, &names[i][j][1], length));
		}
		check_alive(pairs[i].client, pairs[i].server);
		close(pairs[i].client);
		check(is_at_end(pairs[i].server));
		close(pairs[i].server);
	}
	return finish();
}
