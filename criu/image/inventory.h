// SPDX-License-Identifier: GPL-2.0
/*
 * The inventory: what a whole run is like. Written last, read first. Main only.
 */
#pragma once

#include "image/record.h"
#include "images/messages.h"

enum { RUN_ID_LENGTH = 36 }; /* text of a UUID */

/* How an inventory numbers the ways to lock the network; RPC numbers them from 1. */
enum inventory_network_lock { INVENTORY_LOCK_IPTABLES, INVENTORY_LOCK_NFTABLES, INVENTORY_LOCK_SKIP };
/* pre_dump_mode: how a pre-dump took the pages. */
enum inventory_pre_dump { INVENTORY_NO_PRE_DUMP, INVENTORY_PRE_DUMP_SPLICE, INVENTORY_PRE_DUMP_READ };

/* A fresh random id of this run. */
struct error *inventory_make_run_id(char text[RUN_ID_LENGTH + 1]) must_check;
/* Microseconds since boot, for dump_uptime: with it a later dump sees that a pid was used again. */
uint64_t inventory_uptime(void);

/* A new inventory of a dump, all that every dump says. The caller adds what is true of its
 * run: root_ids, root_cg_set, lsmtype, network_lock_method, tcp_close, allow_uprobes, dump_uptime
 * (each with its has_ mark). run_id is copied. */
InventoryEntry *inventory_new(struct arena *arena, const char *run_id);
/* Turns it into that of a pre-dump, which cannot be restored by itself. */
void inventory_set_pre_dump(InventoryEntry *inventory, enum inventory_pre_dump mode);

/* Reads inventory.img, without judging it. */
struct error *inventory_read(struct image_directory *directory, struct arena *arena, InventoryEntry **ret) must_check;
/* Whether this set can be restored with these options. */
struct error *inventory_check(const InventoryEntry *inventory, bool tcp_close, bool allow_uprobes) must_check;
/* The root task must not share objects with the process that dumped it. */
struct error *inventory_check_root(const InventoryEntry *inventory, const TaskKobjIdsEntry *root) must_check;
enum inventory_network_lock inventory_network_lock(const InventoryEntry *inventory);
