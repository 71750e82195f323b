// SPDX-License-Identifier: GPL-2.0
/* The inventory, see inventory.h. */
#include "image/inventory.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

struct error *inventory_make_run_id(char text[RUN_ID_LENGTH + 1])
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return fail_errno("could not get random bytes for the id of this run");
	b[6] = (b[6] & 0x0f) | 0x40; /* version 4: random */
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(text, RUN_ID_LENGTH + 1,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4],
		 b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return NULL;
}

uint64_t inventory_uptime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

InventoryEntry *inventory_new(struct arena *arena, const char *run_id)
{
	InventoryEntry *inventory = arena_new(arena, InventoryEntry);

	inventory_entry__init(inventory);
	inventory->img_version = IMAGE_VERSION;
	inventory->has_fdinfo_per_id = inventory->fdinfo_per_id = true;
	inventory->has_ns_per_id = inventory->ns_per_id = true;
	inventory->has_lsmtype = true;
	inventory->lsmtype = LSMTYPE__NO_LSM;
	inventory->has_network_lock_method = true;
	inventory->network_lock_method = INVENTORY_LOCK_IPTABLES;
	inventory->plugins_entry = arena_new(arena, PluginsEntry); /* no plugin took part, which is not: unknown */
	plugins_entry__init(inventory->plugins_entry);
	inventory->dump_criu_run_id = arena_string(arena, run_id);
	return inventory;
}

void inventory_set_pre_dump(InventoryEntry *inventory, enum inventory_pre_dump mode)
{
	inventory->img_version = 0;
	inventory->has_pre_dump_mode = true;
	inventory->pre_dump_mode = mode;
}

struct error *inventory_read(struct image_directory *directory, struct arena *arena, InventoryEntry **ret)
{
	return image_read_one(directory, IMAGE_INVENTORY, 0, arena, ret);
}

static struct error *check_version(const InventoryEntry *inventory)
{
	if (inventory->img_version == 0)
		return with_hint(fail("the images are those of a pre-dump, which cannot be restored"),
				 "Restore from the directory of the dump that followed it.");
	if (inventory->img_version > IMAGE_VERSION)
		return with_hint(fail("the images have version %u, this program knows up to %u", inventory->img_version,
				      IMAGE_VERSION),
				 "Use a newer version of criu.");
	return NULL;
}

struct error *inventory_check(const InventoryEntry *inventory, bool tcp_close, bool allow_uprobes)
{
	TRY(check_version(inventory));
	if (!inventory->fdinfo_per_id)
		return with_hint(fail("the images are too old: they have descriptors by task"),
				 "Dump again with a newer version of criu.");
	if (inventory->has_root_cg_set && !inventory->root_cg_set)
		return fail("inventory.img is damaged: root_cg_set is 0");
	if (!inventory->root_ids)
		return fail("inventory.img is damaged: root_ids are missing");
	if (inventory->tcp_close && !tcp_close)
		return with_hint(fail("the dump has closed its TCP connections"), "Restore with --tcp-close too.");
	if (inventory->allow_uprobes && !allow_uprobes)
		return with_hint(fail("the dump was made with --allow-uprobes"), "Restore with --allow-uprobes too.");
	return NULL;
}

struct error *inventory_check_root(const InventoryEntry *inventory, const TaskKobjIdsEntry *root)
{
	if (root->files_id == inventory->root_ids->files_id)
		return fail("the images are damaged: the root task shares its descriptors with criu");
	return NULL;
}

enum inventory_network_lock inventory_network_lock(const InventoryEntry *inventory)
{
	return inventory->has_network_lock_method ? inventory->network_lock_method : INVENTORY_LOCK_IPTABLES;
}
