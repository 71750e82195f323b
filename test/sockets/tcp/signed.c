// SPDX-License-Identifier: GPL-2.0
// refused: signs its packets with a key
// dump-options: --tcp-established
/* TCP_MD5SIG: both ends have the key, and go on. */
#include "connections.h"

static void set_key(int fd, int family)
{
	struct tcp_md5sig key = { .tcpm_keylen = 6, .tcpm_key = "secret" };
	struct sockaddr_in *peer = (struct sockaddr_in *)&key.tcpm_addr;

	peer->sin_family = family;
	peer->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)))
		skip("this kernel has no TCP_MD5SIG");
}

int main(void)
{
	struct sockaddr_storage address;
	int listener = listen_on(AF_INET, &address), client = must(socket(AF_INET, SOCK_STREAM, 0)), server;

	set_key(listener, AF_INET);
	set_key(client, AF_INET);
	must(connect(client, (struct sockaddr *)&address, sizeof(struct sockaddr_in)));
	server = must(accept(listener, NULL, NULL));
	checkpoint();
	check_alive(client, server);
	return finish();
}
