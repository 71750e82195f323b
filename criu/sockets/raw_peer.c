// SPDX-License-Identifier: GPL-2.0
/* raw_peer: getpeername() is silent about a raw socket, or one for pings, that is connected without a port; /proc/net tells. */
#include <stdio.h>
#include <string.h>

#include "sockets/inet.h"
#include "support/cleanup.h"

enum { ESTABLISHED = 1 };

/* Eight digits for each word, as the processor has it in memory. */
static bool read_address(const char *digits, size_t words, void *out)
{
	for (size_t i = 0; i < words; i++) {
		uint32_t word;

		if (sscanf(digits + 8 * i, "%8X", &word) != 1)
			return false;
		memcpy((char *)out + 4 * i, &word, 4);
	}
	return true;
}

/* sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode */
bool raw_find_peer(int family, bool is_raw, uint32_t inode, union inet_address *peer)
{
	static const char *const paths[2][2] = { { "/proc/self/net/icmp", "/proc/self/net/icmp6" },
						 { "/proc/self/net/raw", "/proc/self/net/raw6" } };
	cleanup_fclose FILE *file = fopen(paths[is_raw][family == AF_INET6], "re");
	char line[512], remote[64];
	unsigned state;
	unsigned long number;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %*[^:]: %*s %63[^:]:%*x %x %*s %*s %*s %*u %*u %lu", remote, &state, &number) != 3 ||
		    number != inode || state != ESTABLISHED)
			continue;
		memset(peer, 0, sizeof(*peer));
		peer->any.sa_family = family;
		return family == AF_INET ? read_address(remote, 1, &peer->v4.sin_addr)
					 : read_address(remote, 4, &peer->v6.sin6_addr);
	}
	return false;
}
