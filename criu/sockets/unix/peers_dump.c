// SPDX-License-Identifier: GPL-2.0
/*
 * peers, dump: once all sockets of the tree are known, queues are read, and each connection is
 * found to be one of: both ends here, its peer closed, waiting to be accepted here, or leading
 * out of the tree, which is refused.
 */
#include <stdlib.h>

#include "files/collection.h"
#include "sockets/unix/unix.h"

static int compare(const void *a, const void *b)
{
	const struct collected_socket *const *x = a, *const *y = b;

	return (*x)->entry->ino < (*y)->entry->ino ? -1 : (*x)->entry->ino > (*y)->entry->ino;
}

static void sort(struct dump *dump, struct unix_collection *all)
{
	all->by_inode = arena_array(dump->arena, struct collected_socket *, all->count);
	for (size_t i = 0; i < all->count; i++)
		all->by_inode[i] = &all->sockets[i];
	qsort(all->by_inode, all->count, sizeof(*all->by_inode), compare);
}

static struct collected_socket *find(const struct unix_collection *all, uint32_t inode)
{
	UnixSkEntry entry = { .ino = inode };
	struct collected_socket key = { .entry = &entry }, *place = &key, **found;

	found = bsearch(&place, all->by_inode, all->count, sizeof(*all->by_inode), compare);
	return found ? *found : NULL;
}

static struct error *dump_client(struct dump *dump, struct unix_collection *all, const struct collected_socket *listener,
				 size_t index, uint32_t *ret_inode)
{
	uint32_t inode = listener->facts->waiting[index];
	struct collected_socket *client = find(all, inode);

	*ret_inode = inode;
	if (!inode)
		return with_context(unix_waiting_gone(dump, listener, index, ret_inode),
				    "a connection that was not accepted yet comes from a socket that is closed");
	if (!client)
		return fail("a connection that was not accepted yet comes from a socket outside of the tree");
	client->entry->peer = listener->entry->ino;
	SET(client->entry, maker_pid, client->pid);
	return client->facts->send_queue ? with_context(unix_waiting_dump(dump, client),
							"a connection that was not accepted yet has data in it")
					 : NULL;
}

static struct error *note_waiting(struct dump *dump, struct unix_collection *all, struct collected_socket *listener)
{
	const struct unix_socket_facts *facts = listener->facts;
	UnixSkEntry *entry = listener->entry;

	entry->waiting = arena_array(dump->arena, uint32_t, facts->waiting_count);
	for (size_t i = 0; i < facts->waiting_count; i++) {
		struct error *error = dump_client(dump, all, listener, i, &entry->waiting[entry->n_waiting++]);

		TRY(with_context(as_passing(with_hint(error, "Let the program accept its connections before the dump.")),
				 "process %d, descriptor %d", listener->pid, listener->number));
	}
	return NULL;
}

static struct error *check_peer(struct dump *dump, struct unix_collection *all, struct collected_socket *socket)
{
	const UnixSkEntry *entry = socket->entry;

	if (entry->peer)
		return find(all, entry->peer) ? NULL : unix_outside_dump(dump, socket);
	if (entry->state != UNIX_ESTABLISHED || unix_is_datagram(entry))
		return NULL;
	return entry->shutdown == (SHUT_RECEIVE | SHUT_SEND) ? NULL : unix_outside_waits(socket);
}

static struct error *dump_peers(struct dump *dump, struct unix_collection *all)
{

	/* More sockets may be found in the queues. */
	for (size_t i = 0; i < all->count; i++) {
		struct collected_socket socket = all->sockets[i];

		if (socket.fd >= 0)
			TRY(with_context(queue_dump(dump, socket.entry->id, socket.entry->type,
						    socket.facts->receive_queue, socket.urgent, socket.fd),
					 "process %d, descriptor %d", socket.pid, socket.number));
	}
	sort(dump, all);
	for (size_t i = 0; i < all->count; i++)
		if (all->sockets[i].entry->state == UNIX_LISTENING)
			TRY(note_waiting(dump, all, &all->sockets[i]));
	for (size_t i = 0; i < all->count; i++)
		TRY(check_peer(dump, all, &all->sockets[i]));
	return NULL;
}

struct error *unix_peers_dump(struct dump *dump)
{
	struct unix_collection *all = dump->files->unix_sockets;
	struct error *error = dump_peers(dump, all);

	unix_waiting_end(all);
	return error;
}
