// SPDX-License-Identifier: GPL-2.0
/* What the kernel tells of unix sockets through NETLINK_SOCK_DIAG: sock_diag(7). main and opener. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "support/arena.h"
#include "support/error.h"

struct unix_socket_facts {
	uint32_t inode;
	uint8_t type, state; /* state: as TCP numbers them */
	uint8_t shutdown;
	bool has_peer;			  /* connected once; the peer may be gone */
	uint32_t peer;			  /* inode; 0: gone, or not accepted yet */
	uint32_t node_device, node_inode; /* of its file, as the kernel numbers devices; 0: none */
	uint32_t receive_queue;		  /* bytes; of a listener: connections waiting */
	uint32_t send_queue;		  /* memory of what was sent and not received; of a listener: its backlog */
	const uint32_t *waiting;	  /* clients of a listener that were not accepted yet; 0: closed again */
	size_t waiting_count;
};

struct unix_socket_list {
	struct unix_socket_facts *sockets; /* sorted by inode */
	size_t count, capacity;
};

/* All unix sockets of this network namespace. */
struct error *sock_diag_unix(struct arena *arena, struct unix_socket_list *list) must_check;
const struct unix_socket_facts *unix_socket_find(const struct unix_socket_list *list, uint32_t inode);
