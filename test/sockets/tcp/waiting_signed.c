// SPDX-License-Identifier: GPL-2.0
// refused: wants signed packets
// dump-options: --tcp-established
/* A connection that was not accepted, where every packet must be signed (TCP_MD5SIG): nobody could sign for the client. */
#include "connections.h"

int main(void)
{
	struct tcp_md5sig key = { .tcpm_keylen = 6, .tcpm_key = "secret" };
	struct sockaddr_storage address;
	int listener = listen_on(AF_INET, &address), client = must(socket(AF_INET, SOCK_STREAM, 0));

	memcpy(&key.tcpm_addr, &address, sizeof(address));
	if (setsockopt(listener, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)))
		skip("this kernel has no TCP_MD5SIG");
	must(setsockopt(client, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)));
	must(connect(client, (struct sockaddr *)&address, sizeof(address)));
	checkpoint();
	check_alive(client, must(accept(listener, NULL, NULL)));
	return finish();
}
