// SPDX-License-Identifier: GPL-2.0
/*
 * outside: unix sockets whose peer is not in the tree. A datagram socket that was connected to a name,
 * as that of a log daemon, is connected to it again. A stream has no name to come back to: its caller gives
 * a replacement at the restore, or it is saved as one whose peer has closed it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/collection.h"
#include "files/external.h"
#include "files/files.h"
#include "files/inherited.h"
#include "files/plan.h"
#include "model/context.h"
#include "sockets/unix/unix.h"
#include "support/log.h"

/* ---- dump ---- */

static bool is_listed(const char *list, uint32_t inode)
{
	while (*list) {
		char *end;

		if (strtoull(list, &end, 10) == inode && end != list)
			return true;
		list = end + strcspn(end, ",");
		list += *list == ',';
	}
	return false;
}

static bool is_external(const struct options *options, uint32_t inode)
{
	char key[32];

	snprintf(key, sizeof(key), "unix[%u]", inode);
	return external_find(options, key, NULL);
}

/* --external unix[INODE] of either end; --ext-unix-sk with a list of them, or of all without one. */
static bool is_allowed(const struct options *options, const UnixSkEntry *entry)
{
	const char *list = options->ext_unix_sk;

	if (list && (!*list || is_listed(list, entry->ino) || is_listed(list, entry->peer)))
		return true;
	return is_external(options, entry->ino) || is_external(options, entry->peer);
}

struct error *unix_outside_note(struct dump *dump, const struct open_fd *fd, struct collected_socket *socket)
{
	struct sockaddr_un address;
	socklen_t length = sizeof(address);

	if (!socket->entry->peer || !unix_is_datagram(socket->entry) || !is_allowed(dump->criu->options, socket->entry))
		return NULL;
	if (getpeername(fd->fd, (struct sockaddr *)&address, &length))
		return fail_errno("could not read the peer's name");
	if (length <= offsetof(struct sockaddr_un, sun_path))
		return NULL;
	socket->peer_name.len = length - offsetof(struct sockaddr_un, sun_path);
	socket->peer_name.data = arena_copy(dump->arena, address.sun_path, socket->peer_name.len);
	return NULL;
}

/* What stands for the peer in the images: a file that nobody has. */
static void add_peer(struct dump *dump, struct collected_socket *socket)
{
	struct unix_collection *all = dump->files->unix_sockets;
	UnixSkEntry *entry;

	for (size_t i = 0; i < all->outside_count; i++)
		if (all->outside[i] == socket->entry->peer)
			return;
	*arena_append(dump->arena, all->outside, all->outside_count, all->outside_capacity) = socket->entry->peer;
	entry = new_message(dump->arena, unix_sk_entry);
	entry->id = files_next_id(dump);
	entry->ino = socket->entry->peer;
	entry->type = SOCK_DGRAM;
	entry->state = UNIX_LISTENING;
	entry->uflags = UNIX_EXTERNAL;
	entry->fown = new_message(dump->arena, fown_entry);
	entry->opts = new_message(dump->arena, sk_opts_entry);
	entry->name = socket->peer_name;
	SET(entry, ns_id, socket->entry->ns_id);
	file_entry_new(dump, FD_TYPES__UNIXSK, entry->id)->usk = entry;
}

static struct error *refuse(const struct collected_socket *socket, const char *what, const char *hint)
{
	return with_hint(fail("process %d, descriptor %d: the unix socket %s outside of the tree", socket->pid,
			      socket->number, what),
			 "%s", hint);
}

struct error *unix_outside_waits(const struct collected_socket *socket)
{
	return as_passing(refuse(socket, "waits to be accepted by a program",
				 "Let the program close the connection before the dump, or dump the process at its other end too."));
}

struct error *unix_outside_dump(struct dump *dump, struct collected_socket *socket)
{
	const struct options *options = dump->criu->options;
	UnixSkEntry *entry = socket->entry;
	bool datagram = unix_is_datagram(entry), allowed = is_allowed(options, entry);
	bool named = is_external(options, entry->ino) || is_external(options, entry->peer);

	if (datagram && allowed && socket->peer_name.len) {
		add_peer(dump, socket);
		return NULL;
	}
	if (datagram && allowed && !named)
		return refuse(socket, "is connected to one without a name",
			      "Dump the process at its other end too, or use --external unix[INODE] and give a replacement at the "
			      "restore by --inherit-fd fd[N]:socket:[INODE].");
	if (datagram && !allowed)
		return refuse(socket, "is connected to one",
			      "Use --ext-unix-sk, or --external unix[INODE], at dump and at restore to connect it to the same name "
			      "again.");
	if (allowed) {
		entry->uflags |= UNIX_INHERITED;
		return NULL;
	}
	if (!options->unix_close)
		return refuse(socket, "is connected to one",
			      "Use --external unix[INODE] and give a replacement at the restore by --inherit-fd "
			      "fd[N]:socket:[INODE], or use --unix-close to save it as closed by its peer.");
	log_warning("unix socket %u of process %d is saved as closed by its peer", entry->ino, socket->pid);
	entry->peer = 0;
	SET(entry, shutdown, SHUT_RECEIVE | SHUT_SEND);
	return NULL;
}

/* ---- restore ---- */

static const char *key_of(struct restore *restore, const UnixSkEntry *entry)
{
	return arena_format(restore->arena, "socket:[%u]", entry->ino);
}

bool unix_outside_is_replaced(struct restore *restore, const UnixSkEntry *entry)
{
	return restore->files->inherited_count && inherited_find(restore, key_of(restore, entry)) >= 0;
}

struct error *unix_outside_plan(struct restore *restore, struct planned_socket *socket, bool *ret_done)
{
	const UnixSkEntry *entry = socket->entry;

	*ret_done = true;
	if (entry->uflags & UNIX_EXTERNAL) {
		if (!entry->name.len)
			return fail("the image is damaged: unix socket %u is outside and has no name", entry->ino);
		return NULL;
	}
	if (socket->inherited)
		return NULL;
	if ((entry->uflags & (UNIX_INHERITED | UNIX_CALLBACK)) || (entry->peer && !socket->peer && !socket->listener))
		return with_hint(fail("cannot restore unix socket %u: its peer is outside of the tree", entry->ino),
				 "Give its replacement with --inherit-fd fd[N]:socket:[%u].", entry->ino);
	if (socket->peer && socket->peer->inherited && (!unix_is_datagram(entry) || socket->partner))
		return with_hint(fail("cannot restore unix socket %u: it is connected to %u, which is replaced", entry->ino,
				      socket->peer->entry->ino),
				 "Give a replacement with --inherit-fd for both ends, or for none.");
	*ret_done = false;
	return NULL;
}

struct error *unix_outside_create(struct restore *restore, struct planned_socket *socket)
{
	socket->file->inherited = true;
	return inherited_duplicate(restore, key_of(restore, socket->entry), &socket->file->fd);
}

void unix_outside_address(const UnixSkEntry *entry, struct sockaddr_un *address, socklen_t *length)
{
	size_t most = sizeof(address->sun_path), size = entry->name.len < most ? entry->name.len : most;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, entry->name.data, size);
	*length = offsetof(struct sockaddr_un, sun_path) + size;
}

struct error *unix_outside_unreachable(const UnixSkEntry *entry, int number)
{
	char name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1] = "";

	memcpy(name, entry->name.data, entry->name.len < sizeof(name) ? entry->name.len : sizeof(name) - 1);
	return with_hint(fail_number(number, "could not connect a unix socket to %s%s, which is outside of the tree",
				     name[0] ? "" : "@", name[0] ? name : name + 1),
			 "Start the program that has this name before the restore.");
}
