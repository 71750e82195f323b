// SPDX-License-Identifier: GPL-2.0
/*
 * peers, restore: how connected sockets are born. Stream pairs are made by socketpair(), unless an end
 * has the name of the listener that accepted it: then through that listener, or through one that is
 * made for this and goes again. An end that is gone is made as well and closed when all queues are full.
 * Datagram sockets are filled before they are connected, for a connected one takes nothing from
 * others; and one is connected before its own peer is connected to somebody else.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/plan.h"
#include "sockets/options.h"
#include "sockets/unix/unix.h"
#include "support/cleanup.h"
#include "support/log.h"

/* ---- plan ---- */

static int compare_inodes(const void *a, const void *b)
{
	const struct planned_socket *const *x = a, *const *y = b;

	return (*x)->entry->ino < (*y)->entry->ino ? -1 : (*x)->entry->ino > (*y)->entry->ino;
}

int unix_name_compare(const UnixSkEntry *a, const UnixSkEntry *b)
{
	size_t common = a->name.len < b->name.len ? a->name.len : b->name.len;
	int order = memcmp(a->name.data, b->name.data, common);

	if (!order && a->name.len != b->name.len)
		order = a->name.len < b->name.len ? -1 : 1;
	if (!order && unix_has_path(a) && a->name.data[0] != '/')
		order = strcmp(a->name_dir ?: "", b->name_dir ?: "");
	return order ?: (int)a->type - (int)b->type;
}

static int compare_names(const void *a, const void *b)
{
	const struct planned_socket *const *x = a, *const *y = b;

	return unix_name_compare((*x)->entry, (*y)->entry)
		   ?: ((*y)->entry->state == UNIX_LISTENING) - ((*x)->entry->state == UNIX_LISTENING);
}

struct planned_socket *unix_find(const struct unix_plan *plan, uint32_t inode)
{
	UnixSkEntry entry = { .ino = inode };
	struct planned_socket key = { .entry = &entry }, *place = &key, **found;

	found = bsearch(&place, plan->by_inode, plan->count, sizeof(*plan->by_inode), compare_inodes);
	return found ? *found : NULL;
}

static void link_peer(struct unix_plan *plan, struct planned_socket *socket)
{
	struct planned_socket *peer = socket->entry->peer ? unix_find(plan, socket->entry->peer) : NULL;

	if (peer && peer->entry->state == UNIX_LISTENING && !unix_is_datagram(socket->entry))
		socket->listener = peer;
	else
		socket->peer = peer;
	/* Only socketpair() connects to a socket without a name. */
	if (peer && peer != socket && unix_is_datagram(socket->entry) && !peer->entry->name.len) {
		socket->partner = peer;
		peer->partner = socket;
	}
}

/* by_name is sorted: a listener comes first among its namesakes. */
static void link_names(struct unix_plan *plan)
{
	struct planned_socket *listener = NULL;

	for (size_t i = 0; i < plan->name_count; i++) {
		struct planned_socket *socket = plan->by_name[i];

		if (socket->entry->state == UNIX_LISTENING)
			listener = socket;
		else if (listener && !unix_name_compare(listener->entry, socket->entry) &&
			 socket->entry->state == UNIX_ESTABLISHED && listener->inherited)
			socket->name_is_taken = true; /* its listener is not ours to accept from */
		else if (listener && !unix_name_compare(listener->entry, socket->entry) &&
			 socket->entry->state == UNIX_ESTABLISHED)
			socket->by_name = listener;
	}
}

/* Length of the chain of peers behind a datagram socket; pairs and loops end it. */
static unsigned distance_of(const struct unix_plan *plan, const struct planned_socket *socket)
{
	unsigned distance = 0;

	while (socket->peer && socket->peer->peer != socket && socket->peer != socket && distance <= plan->count) {
		socket = socket->peer;
		distance++;
	}
	return distance;
}

static void collect_sockets(struct restore *restore, struct unix_plan *plan)
{
	plan->sockets = arena_array(restore->arena, struct planned_socket, restore->files->count);
	for (size_t i = 0; i < restore->files->count; i++) {
		struct planned_file *file = &restore->files->files[i];

		if (file->kind != &unix_socket_kind)
			continue;
		file->kind_data = &plan->sockets[plan->count];
		plan->sockets[plan->count++] =
		    (struct planned_socket){ .file = file,
					     .entry = file->entry->usk,
					     .hidden = -1,
					     .node = -1,
					     .inherited = unix_outside_is_replaced(restore, file->entry->usk) };
	}
}

struct error *unix_plan_get(struct restore *restore, struct unix_plan **ret)
{
	struct unix_plan *plan = restore->files->unix_sockets;

	*ret = plan;
	if (plan)
		return NULL;
	plan = *ret = restore->files->unix_sockets = arena_new(restore->arena, struct unix_plan);
	collect_sockets(restore, plan);
	plan->by_inode = arena_array(restore->arena, struct planned_socket *, plan->count);
	plan->by_name = arena_array(restore->arena, struct planned_socket *, plan->count);
	for (size_t i = 0; i < plan->count; i++) {
		plan->by_inode[i] = &plan->sockets[i];
		if (plan->sockets[i].entry->name.len && !(plan->sockets[i].entry->uflags & UNIX_EXTERNAL))
			plan->by_name[plan->name_count++] = &plan->sockets[i];
	}
	qsort(plan->by_inode, plan->count, sizeof(*plan->by_inode), compare_inodes);
	qsort(plan->by_name, plan->name_count, sizeof(*plan->by_name), compare_names);
	for (size_t i = 1; i < plan->count; i++)
		if (!compare_inodes(&plan->by_inode[i - 1], &plan->by_inode[i]))
			return fail("the image is damaged: unix socket %u is there twice",
				    plan->by_inode[i]->entry->ino);
	for (size_t i = 0; i < plan->count; i++)
		link_peer(plan, &plan->sockets[i]);
	link_names(plan);
	unix_makers_plan(restore, plan);
	for (size_t i = 0; i < plan->count; i++)
		plan->sockets[i].distance = distance_of(plan, &plan->sockets[i]);
	return NULL;
}

/* ---- create ---- */

/* None waits while the opener works with it; the real flags are set at the end. */
static struct error *new_socket(const UnixSkEntry *entry, int *ret_fd)
{
	*ret_fd = socket(AF_UNIX, (int)entry->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return *ret_fd < 0 ? fail_errno("could not make a unix socket") : NULL;
}

static struct error *bind_socket(struct restore *restore, struct planned_socket *socket)
{
	if (socket->name_is_taken && !unix_has_path(socket->entry)) {
		log_warning("unix socket %u has no name any more: the replacement of its listener has it",
			    socket->entry->ino);
		return NULL;
	}
	return unix_name_bind(restore, socket->entry, socket->file->fd, &socket->node);
}

static struct error *create_alone(struct restore *restore, struct planned_socket *socket)
{
	TRY(new_socket(socket->entry, &socket->file->fd));
	TRY(bind_socket(restore, socket));
	if (socket->entry->state != UNIX_LISTENING)
		return NULL;
	socket->listening = arena_new(restore->arena, struct unix_listener);
	*socket->listening = (struct unix_listener){ .entry = socket->entry, .fd = socket->file->fd, .node = socket->node };
	return unix_make_listen(restore, socket->listening, socket);
}

/* The next connection that comes from us; others that slipped in while the name was there already are closed. */
static struct error *accept_own(int listener, pid_t maker, int *ret_fd)
{
	for (;;) {
		struct ucred peer = { 0 };
		socklen_t length = sizeof(peer);

		*ret_fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (*ret_fd < 0)
			return fail_errno("could not accept a connection");
		if (getsockopt(*ret_fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) || peer.pid == maker)
			return NULL;
		close(*ret_fd);
	}
}

/* client may be NULL: then the end is a hidden one of the accepted socket. */
static struct error *connect_through(struct restore *restore, struct unix_listener *listener,
				     struct planned_socket *accepted, struct planned_socket *client)
{
	int *client_fd = client ? &client->file->fd : &accepted->hidden;
	struct sockaddr_un address;
	socklen_t length;
	pid_t maker;

	TRY(new_socket(accepted->entry, client_fd));
	if (client) {
		TRY(bind_socket(restore, client));
		TRY(unix_make_listen(restore, listener, client));
	}
	if (!unix_address_of(listener->entry, listener->node, &address, &length))
		return fail("the image is damaged: a unix socket was accepted by one without a name");
	TRY(unix_make_connect(restore, accepted, false, *client_fd, listener->node, &address, length, &maker));
	return accept_own(listener->fd, maker, &accepted->file->fd);
}

/* Do several connected sockets have this name, and no listener? */
static bool is_name_shared(const struct unix_plan *plan, const struct planned_socket *socket)
{
	size_t low = 0, high = plan->name_count, alike = 0;

	if (!socket->entry->name.len)
		return false;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (unix_name_compare(plan->by_name[middle]->entry, socket->entry) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < plan->name_count && alike < 2; low++, alike++)
		if (unix_name_compare(plan->by_name[low]->entry, socket->entry))
			break;
	return alike > 1;
}

static struct error *get_lost_listener(struct restore *restore, struct unix_plan *plan, const UnixSkEntry *entry,
				       struct unix_listener **ret)
{
	struct unix_listener *listener;

	for (size_t i = 0; i < plan->lost_count; i++)
		if (!unix_name_compare(plan->lost[i].entry, entry)) {
			*ret = &plan->lost[i];
			return NULL;
		}
	listener = *ret = arena_append(restore->arena, plan->lost, plan->lost_count, plan->lost_capacity);
	*listener = (struct unix_listener){ .entry = entry, .fd = -1, .node = -1 };
	TRY(new_socket(entry, &listener->fd));
	TRY(unix_name_bind_privately(restore, entry, listener->fd, &listener->node));
	return listen(listener->fd, 1) ? fail_errno("could not listen") : NULL;
}

static struct error *connect_through_lost(struct restore *restore, struct unix_plan *plan,
					  struct planned_socket *accepted, struct planned_socket *client)
{
	struct unix_listener *listener;

	TRY(get_lost_listener(restore, plan, accepted->entry, &listener));
	return connect_through(restore, listener, accepted, client);
}

static bool can_be_accepted(const struct planned_socket *socket)
{
	return socket->entry->name.len && (!socket->name_is_taken || unix_has_path(socket->entry));
}

/* Its name is that of others too; or both ends were not made by one process, as those of a pair are. */
static bool needs_lost_listener(const struct unix_plan *plan, const struct planned_socket *socket)
{
	if (!can_be_accepted(socket))
		return false;
	return is_name_shared(plan, socket) ||
	       (socket->peer && !unix_same_maker(&socket->told, &socket->peer->told));
}

static bool has_listener(const struct planned_socket *socket)
{
	return socket && socket->by_name && socket->by_name->listening;
}

static struct error *create_connected(struct restore *restore, struct planned_socket *socket)
{
	struct unix_plan *plan = restore->files->unix_sockets;
	struct planned_socket *peer = socket->peer;
	bool mine = has_listener(socket);

	if (mine || has_listener(peer)) {
		struct planned_socket *accepted = mine ? socket : peer;

		return connect_through(restore, accepted->by_name->listening, accepted, mine ? peer : socket);
	}
	if (needs_lost_listener(plan, socket))
		return connect_through_lost(restore, plan, socket, peer);
	if (peer && needs_lost_listener(plan, peer))
		return connect_through_lost(restore, plan, peer, socket);
	TRY(unix_make_pair(restore, socket, &socket->file->fd, peer ? &peer->file->fd : &socket->hidden));
	TRY(bind_socket(restore, socket));
	return peer ? bind_socket(restore, peer) : NULL;
}

static struct error *create_datagram(struct restore *restore, struct planned_socket *socket)
{
	struct planned_socket *partner = socket->partner;
	bool abandoned = socket->entry->state == UNIX_ESTABLISHED && !socket->peer;

	if (!partner && !abandoned)
		return create_alone(restore, socket);
	TRY(unix_make_pair(restore, socket, &socket->file->fd, partner ? &partner->file->fd : &socket->hidden));
	TRY(bind_socket(restore, socket));
	return partner ? bind_socket(restore, partner) : NULL;
}

struct error *unix_create(struct restore *restore, struct planned_socket *socket)
{
	const UnixSkEntry *entry = socket->entry;

	if (unix_is_datagram(entry))
		return create_datagram(restore, socket);
	if (entry->state == UNIX_ESTABLISHED && !socket->listener)
		return create_connected(restore, socket);
	return create_alone(restore, socket);
}

/* ---- connect ---- */

static struct error *connect_to(struct restore *restore, struct planned_socket *socket,
				const struct planned_socket *target)
{
	struct sockaddr_un address;
	socklen_t length = sizeof(address);
	pid_t maker;

	if (target->inherited) {
		if (getsockname(target->file->fd, (struct sockaddr *)&address, &length))
			return fail_errno("could not read the name of a socket's replacement");
	} else if (target->entry->uflags & UNIX_EXTERNAL)
		unix_outside_address(target->entry, &address, &length);
	else if (!unix_address_of(target->entry, target->node, &address, &length))
		return fail("the image is damaged: a unix socket is connected to one without a name");
	if (!(target->entry->uflags & UNIX_EXTERNAL))
		return unix_make_connect(restore, socket, true, socket->file->fd, target->node, &address, length, &maker);
	return connect(socket->file->fd, (struct sockaddr *)&address, length)
		       ? unix_outside_unreachable(target->entry, errno)
		       : NULL;
}

/* First those whose order is known. */
struct error *unix_connect_waiting(struct restore *restore, struct planned_socket *listener)
{
	struct unix_plan *plan = restore->files->unix_sockets;
	const UnixSkEntry *entry = listener->entry;

	if (listener->waits_connected || entry->state != UNIX_LISTENING)
		return NULL;
	listener->waits_connected = true;
	/* What is asked for of the sender, connections get from their listener when they are made. */
	if (listener->listening)
		TRY(socket_options_restore(entry->opts, listener->file->fd));
	if (listener->listening) /* accepted connections may have been told of somebody else */
		TRY(unix_make_listen(restore, listener->listening, listener));
	for (size_t i = 0; i < entry->n_waiting; i++) {
		struct planned_socket *client = unix_find(plan, entry->waiting[i]);

		if (!client || client->listener != listener || client->file->fd < 0)
			return fail("the image is damaged: no unix socket %u waits for %u", entry->waiting[i],
				    entry->ino);
		client->waits_connected = true;
		TRY(connect_to(restore, client, listener));
	}
	for (size_t i = 0; i < plan->count; i++) {
		struct planned_socket *client = &plan->sockets[i];

		if (client->listener == listener && !client->waits_connected && client->file->fd >= 0)
			TRY(connect_to(restore, client, listener));
	}
	return NULL;
}

static int compare_distances(const void *a, const void *b)
{
	const struct planned_socket *const *x = a, *const *y = b;

	return (*x)->distance > (*y)->distance ? -1 : (*x)->distance < (*y)->distance;
}

/* Those at the far ends of chains first. */
static struct error *connect_datagrams(struct restore *restore, struct unix_plan *plan)
{
	cleanup_free struct planned_socket **order = calloc(plan->count, sizeof(*order));
	size_t count = 0;

	if (!order)
		return out_of_memory();
	for (size_t i = 0; i < plan->count; i++) {
		struct planned_socket *socket = &plan->sockets[i];

		if (unix_is_datagram(socket->entry) && socket->file->fd >= 0 && socket->peer &&
		    socket->partner != socket->peer)
			order[count++] = socket;
	}
	qsort(order, count, sizeof(*order), compare_distances);
	for (size_t i = 0; i < count; i++)
		TRY(connect_to(restore, order[i], order[i]->peer));
	return NULL;
}

/* ---- fill ---- */

static struct planned_socket *find_sender(const struct unix_plan *plan, const ProtobufCBinaryData *name)
{
	for (size_t i = 0; i < plan->name_count; i++) {
		struct planned_socket *socket = plan->by_name[i];

		if (unix_is_datagram(socket->entry) && socket->file->fd >= 0 && socket->entry->name.len == name->len &&
		    !memcmp(socket->entry->name.data, name->data, name->len))
			return socket;
	}
	return NULL;
}

/* Somebody who is connected to a datagram socket and has no name. */
static int nameless_sender(const struct unix_plan *plan, const struct planned_socket *socket)
{
	if (socket->partner && socket->partner->peer == socket)
		return socket->partner->file->fd;
	return socket->hidden;
}

/* The sender is gone: a socket with its name takes its place for a moment. */
static struct error *make_sender(struct restore *restore, const SkPacketEntry *packet, int *ret_fd)
{
	UnixSkEntry entry = { .type = SOCK_DGRAM };
	cleanup_close int node = -1;

	TRY(new_socket(&entry, ret_fd));
	if (!packet->has_sender)
		return NULL;
	entry.name = packet->sender;
	return unix_name_bind_privately(restore, &entry, *ret_fd, &node);
}

static struct error *send_datagram(struct restore *restore, const struct planned_socket *socket,
				   const struct queued_packet *packet)
{
	struct unix_plan *plan = restore->files->unix_sockets;
	struct planned_socket *sender = packet->entry->has_sender ? find_sender(plan, &packet->entry->sender) : NULL;
	int fd = sender ? sender->file->fd : nameless_sender(plan, socket), room = 16 << 20;
	cleanup_close int temporary = -1;
	struct sockaddr_un address;
	socklen_t length;
	bool named = unix_address_of(socket->entry, socket->node, &address, &length);

	if (named && (fd < 0 || (packet->entry->has_sender && !sender))) {
		TRY(make_sender(restore, packet->entry, &temporary));
		fd = temporary;
	}
	if (fd < 0)
		return fail("the image is damaged: nobody can have sent to unix socket %u", socket->entry->ino);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return queue_send(restore, packet, fd, named ? &address : NULL, named ? length : 0);
}

static struct error *fill_datagrams(struct restore *restore, bool with_partner)
{
	struct unix_plan *plan = restore->files->unix_sockets;

	for (size_t i = 0; i < plan->count; i++) {
		const struct planned_socket *socket = &plan->sockets[i];

		if (!unix_is_datagram(socket->entry) || !!socket->partner != with_partner || socket->file->fd < 0)
			continue;
		for (size_t j = 0; j < socket->packet_count; j++)
			TRY(with_context(send_datagram(restore, socket, &socket->packets[j]), "unix socket %u",
					 socket->entry->ino));
	}
	return NULL;
}

/* A client that is not accepted yet sends what it had sent; others get what is in their queue from the other end. */
static struct error *fill_stream(struct restore *restore, const struct planned_socket *socket)
{
	int other = socket->peer ? socket->peer->file->fd : socket->hidden, room = 64 << 20;

	for (size_t i = 0; i < socket->packet_count; i++) {
		int sender = socket->packets[i].entry->has_sent_by && socket->listener ? socket->file->fd : other;

		if (sender < 0)
			return fail("the image is damaged: unix socket %u has data and no peer", socket->entry->ino);
		(void)setsockopt(sender, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
		TRY(queue_send(restore, &socket->packets[i], sender, NULL, 0));
	}
	return NULL;
}

static struct error *fill_streams(struct restore *restore)
{
	struct unix_plan *plan = restore->files->unix_sockets;

	for (size_t i = 0; i < plan->count; i++) {
		const struct planned_socket *socket = &plan->sockets[i];

		if (unix_is_datagram(socket->entry) || socket->file->fd < 0)
			continue;
		if (socket->packet_count)
			TRY(with_context(fill_stream(restore, socket), "unix socket %u", socket->entry->ino));
		/* Data that the peer had not read when it was closed: an error waits here. */
		if (socket->hidden >= 0 && socket->entry->reset && send(socket->file->fd, "", 1, MSG_NOSIGNAL) != 1)
			return fail_errno("could not write to a unix socket");
	}
	return NULL;
}

/* An end that is closed shuts down its peer by itself. */
static struct error *shut_down(struct unix_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct planned_socket *socket = &plan->sockets[i];
		const int how[] = { 0, SHUT_RD, SHUT_WR, SHUT_RDWR };
		uint32_t wanted = socket->entry->has_shutdown ? socket->entry->shutdown & 3 : 0;

		if (socket->hidden >= 0)
			close(take_fd(&socket->hidden));
		if (wanted && socket->file->fd >= 0 && !socket->inherited && shutdown(socket->file->fd, how[wanted]) && errno != ENOTCONN)
			return fail_errno("could not shut down a unix socket");
	}
	for (size_t i = 0; i < plan->lost_count; i++)
		close(take_fd(&plan->lost[i].fd));
	return NULL;
}

struct error *unix_fill_all(struct restore *restore)
{
	struct unix_plan *plan = restore->files->unix_sockets;

	if (plan->filled)
		return NULL;
	plan->filled = true;
	unix_makers_end(plan);
	TRY(fill_datagrams(restore, false));
	TRY(connect_datagrams(restore, plan));
	TRY(fill_datagrams(restore, true));
	TRY(fill_streams(restore));
	return shut_down(plan);
}
