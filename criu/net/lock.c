// SPDX-License-Identifier: GPL-2.0
/* lock: which way the network is locked, and when it is unlocked. */
#include "net/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/inventory.h"
#include "kernel/features.h"
#include "model/context.h"
#include "net/iptables.h"
#include "net/nftables.h"
#include "support/log.h"
#include "support/options.h"

/* A name of a table, as others of this kind cut it. */
enum { TABLE_NAME = 64, ID_LENGTH = 21 };

struct network_lock {
	enum inventory_network_lock method;
	bool asked; /* by an option */
	struct locked_connection *connections;
	size_t count, capacity;
	bool locked;
	char table[TABLE_NAME]; /* that this run owns */
	int fd;			/* who owns it */
	char *note;		/* of iptables rules */
};

static struct error *check_nftables(struct criu *criu)
{
	struct error *error;
	struct kernel *kernel;

	TRY(kernel_open(criu->options->unprivileged, &kernel));
	error = kernel_feature(kernel, FEATURE_network_lock_nftables);
	kernel_close(kernel);
	return error;
}

/* No answer is not a no. */
static struct error *has_nftables(struct criu *criu, bool *has)
{
	struct error *error = check_nftables(criu);

	*has = !error;
	if (error && (error->number == ENOMEM || error->number == EMFILE || error->number == EAGAIN || error->number == EIO))
		return error;
	error_free(error);
	return NULL;
}

static struct error *choose(struct criu *criu, enum inventory_network_lock *method)
{
	const char *word = criu->options->network_lock;
	bool nftables;

	if (!word) {
		TRY(has_nftables(criu, &nftables));
		*method = nftables ? INVENTORY_LOCK_NFTABLES : INVENTORY_LOCK_IPTABLES;
	} else if (!strcmp(word, "iptables")) {
		*method = INVENTORY_LOCK_IPTABLES;
		return iptables_check();
	} else if (!strcmp(word, "nftables")) {
		*method = INVENTORY_LOCK_NFTABLES;
		return with_hint(check_nftables(criu), "Use --network-lock iptables.");
	} else if (!strcmp(word, "skip") || !strcmp(word, "none")) {
		*method = INVENTORY_LOCK_SKIP;
	} else {
		return with_hint(fail("unknown network lock \"%s\"", word),
				 "--network-lock is one of iptables, nftables, skip.");
	}
	return NULL;
}

struct error *network_lock_prepare(struct dump *dump)
{
	const struct options *options = dump->criu->options;
	struct network_lock *lock = dump->network = arena_new(dump->arena, struct network_lock);

	lock->fd = -1;
	lock->method = INVENTORY_LOCK_IPTABLES;
	lock->asked = options->network_lock;
	if (!lock->asked && !options->tcp_established && !options->skip_in_flight)
		return NULL; /* no connection will be taken */
	TRY(choose(dump->criu, &lock->method));
	if (lock->method == INVENTORY_LOCK_IPTABLES && options->tcp_established)
		iptables_clean_up();
	return NULL;
}

static struct error *lock_all(struct network_lock *lock, const char *what)
{
	switch (lock->method) {
	case INVENTORY_LOCK_NFTABLES:
		snprintf(lock->table, sizeof(lock->table), "criu-%s-%d", what, getpid());
		return nftables_lock(lock->table, lock->connections, lock->count, &lock->fd);
	case INVENTORY_LOCK_IPTABLES:
		return iptables_lock(lock->connections, lock->count, &lock->note);
	case INVENTORY_LOCK_SKIP:
		return NULL;
	}
	return NULL;
}

/* An undo entry. argument: struct network_lock. */
static void unlock_all(void *argument)
{
	struct network_lock *lock = argument;

	if (lock->fd >= 0) {
		error_ignore(nftables_unlock(lock->table, lock->fd), "unlocking the network");
		close(lock->fd);
		lock->fd = -1;
	} else if (lock->note) {
		error_ignore(iptables_unlock(lock->connections, lock->count, lock->note), "unlocking the network");
	}
	free(lock->note);
	lock->note = NULL;
}

struct error *network_lock(struct dump *dump, const struct locked_connection *connections, size_t count)
{
	struct network_lock *lock = dump->network;

	lock->connections = arena_copy(dump->arena, connections, count * sizeof(*connections));
	lock->count = count;
	undo_push(&dump->undo, "unlock the network", unlock_all, lock);
	TRY(with_context(lock_all(lock, "dump"), "could not lock the network for %zu TCP connections", count));
	lock->locked = true;
	return NULL;
}

void network_unlock(struct dump *dump)
{
	undo_now(&dump->undo, unlock_all, dump->network);
}

static void table_of_run(const char *run_id, char name[TABLE_NAME])
{
	snprintf(name, TABLE_NAME, "CRIU-%.*s", ID_LENGTH, run_id);
}

struct error *network_lock_keep(struct dump *dump)
{
	struct network_lock *lock = dump->network;
	char table[TABLE_NAME];

	if (!lock->locked)
		return NULL;
	if (lock->method == INVENTORY_LOCK_NFTABLES) {
		table_of_run(dump->run_id, table);
		TRY(nftables_lock(table, lock->connections, lock->count, NULL));
	} else if (lock->method == INVENTORY_LOCK_IPTABLES) {
		iptables_keep(lock->note);
		free(lock->note);
		lock->note = NULL;
	}
	return NULL;
}

uint32_t network_lock_method(const struct dump *dump)
{
	const struct network_lock *lock = dump->network;

	return lock->locked || lock->asked ? lock->method : INVENTORY_LOCK_IPTABLES;
}

/* ---- restore ---- */

void network_lock_plan(struct restore *restore, const struct locked_connection *connection)
{
	struct network_lock *lock = restore->network;

	if (!lock) {
		lock = restore->network = arena_new(restore->arena, struct network_lock);
		lock->fd = -1;
	}
	*arena_append(restore->arena, lock->connections, lock->count, lock->capacity) = *connection;
}

/* The dump's lock may be that of another host. Where only iptables locks, the rules of the dump must do. */
struct error *network_lock_restore(struct restore *restore)
{
	struct network_lock *lock = restore->network;
	bool nftables;

	if (!lock)
		return NULL;
	lock->method = inventory_network_lock(restore->snapshot->inventory);
	if (lock->method == INVENTORY_LOCK_SKIP)
		return NULL;
	TRY(has_nftables(restore->criu, &nftables));
	if (!nftables) {
		log_warning("the network is not locked: this kernel has no nftables");
		return NULL;
	}
	undo_push(&restore->undo, "unlock the network", unlock_all, lock);
	snprintf(lock->table, sizeof(lock->table), "criu-restore-%d", getpid());
	return with_context(nftables_lock(lock->table, lock->connections, lock->count, &lock->fd),
			    "could not lock the network for %zu TCP connections", lock->count);
}

struct error *network_unlock_restored(struct restore *restore)
{
	const InventoryEntry *inventory = restore->snapshot->inventory;
	struct network_lock *lock = restore->network;
	char table[TABLE_NAME];

	if (!lock)
		return NULL;
	if (lock->method == INVENTORY_LOCK_NFTABLES) {
		if (inventory->dump_criu_run_id)
			table_of_run(inventory->dump_criu_run_id, table);
		else
			snprintf(table, sizeof(table), "CRIU-%d", snapshot_root(restore->snapshot)->pid);
		TRY(nftables_unlock(table, -1));
	} else if (lock->method == INVENTORY_LOCK_IPTABLES) {
		TRY(iptables_unlock(lock->connections, lock->count, NULL));
	}
	undo_now(&restore->undo, unlock_all, lock);
	return NULL;
}
