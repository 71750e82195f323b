// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* TCP_MD5SIG, with and without a prefix, IPv4, IPv6 and IPv4 at an IPv6 listener: connections go on, listeners take only who has
 * the key; one is half closed. */
#include "connections.h"

enum { SILENCE_MS = 300 };

static void set_key(int fd, const struct sockaddr_storage *peer, int prefix, const char *text)
{
	struct tcp_md5sig key = { .tcpm_keylen = strlen(text),
				  .tcpm_flags = prefix ? TCP_MD5SIG_FLAG_PREFIX : 0,
				  .tcpm_prefixlen = prefix };

	memcpy(&key.tcpm_addr, peer, sizeof(key.tcpm_addr));
	strcpy((char *)key.tcpm_key, text);
	if (setsockopt(fd, IPPROTO_TCP, prefix ? TCP_MD5SIG_EXT : TCP_MD5SIG, &key, sizeof(key)))
		skip("this kernel has no TCP_MD5SIG");
}

static struct pair connect_signed(int family, int prefix, const char *text, struct sockaddr_storage *address)
{
	struct pair pair = { .listener = listen_on(family, address) };

	pair.client = must(socket(family, SOCK_STREAM, 0));
	set_key(pair.listener, address, prefix, text);
	set_key(pair.client, address, 0, text);
	must(connect(pair.client, (struct sockaddr *)address, sizeof(*address)));
	pair.server = must(accept(pair.listener, NULL, NULL));
	return pair;
}

static bool can_connect(const struct sockaddr_storage *address, const char *text)
{
	int fd = must(socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0));
	struct pollfd ready = { fd, POLLOUT, 0 };
	bool can;

	if (text)
		set_key(fd, address, 0, text);
	(void)!connect(fd, (const struct sockaddr *)address, sizeof(*address));
	can = poll(&ready, 1, SILENCE_MS) == 1 && tcp_state(fd) == TCP_ESTABLISHED;
	close(fd);
	return can;
}

int main(void)
{
	struct sockaddr_storage v4, v6, network, dual = { 0 };
	struct pair pairs[] = { connect_signed(AF_INET, 0, "first secret", &v4), connect_signed(AF_INET6, 0, "x", &v6),
				connect_signed(AF_INET, 8, "for 127.0.0.0/8", &network) };
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 }, mapped = any;
	int listener = must(socket(AF_INET6, SOCK_STREAM, 0));
	socklen_t length = sizeof(any);

	must(inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr) - 1);
	memcpy(&dual, &mapped, sizeof(mapped));
	set_key(listener, &dual, 0, "mapped");
	must(bind(listener, (struct sockaddr *)&any, sizeof(any)));
	must(listen(listener, 3));
	must(getsockname(listener, (struct sockaddr *)&any, &length));
	memcpy(&dual, &v4, sizeof(dual));
	((struct sockaddr_in *)&dual)->sin_port = any.sin6_port;
	must(shutdown(pairs[1].client, SHUT_WR));
	wait_for(tcp_state(pairs[1].client) == TCP_FIN_WAIT2);
	checkpoint();
	check_alive(pairs[0].client, pairs[0].server);
	check_alive(pairs[2].client, pairs[2].server);
	check(is_at_end(pairs[1].server));
	check(send_pattern(pairs[1].server, 1000, 3));
	check(receive_pattern(pairs[1].client, 1000, 3));
	check(can_connect(&v4, "first secret") && !can_connect(&v4, "second secret") && !can_connect(&v4, NULL));
	check(can_connect(&v6, "x") && !can_connect(&v6, NULL));
	check(can_connect(&network, "for 127.0.0.0/8") && !can_connect(&network, NULL));
	check(can_connect(&dual, "mapped") && !can_connect(&dual, NULL));
	return finish();
}
