// SPDX-License-Identifier: GPL-2.0
/*
 * The network lock: while connections are in nobody's hands, packets of theirs are dropped in both
 * directions, so that nobody answers them with a reset. Main.
 *
 * With nftables a run has a table of its own that belongs to its netlink socket: the kernel removes it when the
 * run ends, however it ends. A dump that ends the tree leaves a second table without owner, named after
 * the run's id, which the restore removes.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* Packets with this mark pass. */
enum { NETWORK_LOCK_MARK = 0xc114 };

/* One TCP connection as the packets have it; ports in network byte order. */
struct locked_connection {
	int family;
	unsigned char local[16], remote[16];
	uint16_t local_port, remote_port;
};

/* dump, before the freeze: which way it will be; refuses what cannot work here. */
struct error *network_lock_prepare(struct dump *dump) must_check;
/* dump, tree frozen: all connections at once. Unlocking is on the undo stack. */
struct error *network_lock(struct dump *dump, const struct locked_connection *connections, size_t count) must_check;
/* dump: the tree runs on. Nothing where nothing is locked. */
void network_unlock(struct dump *dump);
/* dump: the tree is going to be ended: the lock stays until the restore. */
struct error *network_lock_keep(struct dump *dump) must_check;
/* dump: what the inventory says. */
uint32_t network_lock_method(const struct dump *dump);

/* restore, plan: a connection that will be locked. */
void network_lock_plan(struct restore *restore, const struct locked_connection *connection);
/* restore, before anything is made. Unlocking what this restore has locked is on the undo stack. */
struct error *network_lock_restore(struct restore *restore) must_check;
/* restore, the end: unlocks, also what the dump has left locked. */
struct error *network_unlock_restored(struct restore *restore) must_check;
