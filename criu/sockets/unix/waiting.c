// SPDX-License-Identifier: GPL-2.0
/*
 * waiting: what a client has sent over a connection that nobody has accepted yet. No descriptor leads to the end that has
 * it, and what was accepted cannot be put back; so it is read from the kernel's memory (kernel/peek.h):
 * struct unix_sock of include/net/af_unix.h. At the restore the client sends it again.
 */
#include <stdlib.h>
#include <string.h>

#include "files/collection.h"
#include "files/files.h"
#include "kernel/peek.h"
#include "sockets/unix/unix.h"
#include "support/cleanup.h"

enum { PIECES_MAX = 1 << 16, PIECE_MAX = 1 << 16 };

/* PLACE(name here, struct, field) */
#define PLACES(PLACE)                                                                                                  \
	PLACE(file_private, "file", "private_data")                                                                    \
	PLACE(socket_sock, "socket", "sk")                                                                             \
	PLACE(queue, "sock", "sk_receive_queue")                                                                       \
	PLACE(peer, "unix_sock", "peer")                                                                               \
	PLACE(urgent, "unix_sock", "oob_skb")                                                                          \
	PLACE(first, "sk_buff_head", "next")                                                                           \
	PLACE(owner, "sk_buff", "sk")                                                                                  \
	PLACE(peer_pid, "sock", "sk_peer_pid")                                                                         \
	PLACE(peer_credentials, "sock", "sk_peer_cred")                                                                \
	PLACE(user, "cred", "euid")                                                                                    \
	PLACE(group, "cred", "egid")                                                                                   \
	PLACE(next, "sk_buff", "next")                                                                                 \
	PLACE(length, "sk_buff", "len")                                                                                \
	PLACE(length_beside, "sk_buff", "data_len")                                                                    \
	PLACE(data, "sk_buff", "data")                                                                                 \
	PLACE(control, "sk_buff", "cb")                                                                                \
	PLACE(sender, "unix_skb_parms", "pid")                                                                         \
	PLACE(sender_user, "unix_skb_parms", "uid")                                                                    \
	PLACE(sender_group, "unix_skb_parms", "gid")                                                                   \
	PLACE(files, "unix_skb_parms", "fp")                                                                           \
	PLACE(consumed, "unix_skb_parms", "consumed")

struct kernel_view {
	struct peek *peek;
	struct btf *btf;
#define PLACE(name, structure, field) struct btf_place name;
	PLACES(PLACE)
#undef PLACE
};

static struct error *number(const struct kernel_view *view, uint64_t structure, const struct btf_place *place, uint64_t *value)
{
	return peek_number(view->peek, structure, place, value);
}

static struct error *fill_view(struct kernel_view *view)
{
	TRY(btf_open(&view->btf));
#define PLACE(name, structure, field) TRY(btf_find(view->btf, structure, field, &view->name));
	PLACES(PLACE)
#undef PLACE
	return peek_open(view->btf, &view->peek);
}

/* The struct sock of a socket of ours. */
static struct error *find_sock(const struct kernel_view *view, int fd, uint64_t *sock)
{
	uint64_t file, socket;

	TRY(peek_descriptor(view->peek, fd, &file));
	TRY(number(view, file, &view->file_private, &socket));
	return number(view, socket, &view->socket_sock, sock);
}

/* Who sent it, where the kernel has noted that. */
static struct error *read_sender(const struct kernel_view *view, uint64_t control, SkPacketEntry *packet)
{
	uint64_t pid, tid, user, group;

	TRY(number(view, control, &view->sender, &pid));
	if (!pid)
		return NULL;
	TRY(peek_pid(view->peek, pid, &tid));
	if (!tid)
		return NULL;
	TRY(number(view, control, &view->sender_user, &user));
	TRY(number(view, control, &view->sender_group, &group));
	SET(packet, sender_pid, tid);
	SET(packet, sender_uid, user);
	SET(packet, sender_gid, group);
	return NULL;
}

/* One struct sk_buff: what was written at once, or a packet. */
static struct error *read_piece(struct dump *dump, const struct kernel_view *view, uint64_t piece, uint32_t client)
{
	uint64_t control = piece + view->control.offset, length, beside, data, files, consumed;
	cleanup_free char *bytes = NULL;
	SkPacketEntry *packet;

	TRY(number(view, piece, &view->length, &length));
	TRY(number(view, piece, &view->length_beside, &beside));
	TRY(number(view, piece, &view->data, &data));
	TRY(number(view, control, &view->files, &files));
	TRY(number(view, control, &view->consumed, &consumed));
	if (files)
		return fail("there are files in it");
	if (beside || consumed || length > PIECE_MAX)
		return fail("too much was written at once");
	bytes = malloc(length + 1);
	if (!bytes)
		return out_of_memory();
	TRY(peek_bytes(view->peek, data, bytes, length));
	/* Under an id that no file has: to other programs it belongs to nobody. */
	packet = queue_add(dump, files_next_id(dump), bytes, length);
	SET(packet, sent_by, client);
	return read_sender(view, control, packet);
}

/* end: that of the server. */
static struct error *read_queue(struct dump *dump, const struct kernel_view *view, uint64_t end, uint32_t client)
{
	uint64_t queue, urgent, piece;

	TRY(number(view, end, &view->urgent, &urgent));
	if (urgent)
		return fail("there is an out-of-band byte in it");
	queue = end + view->queue.offset;
	TRY(number(view, queue, &view->first, &piece));
	for (unsigned i = 0; piece != queue; i++) {
		if (i == PIECES_MAX)
			return fail("its queue does not end");
		TRY(read_piece(dump, view, piece, client));
		TRY(number(view, piece, &view->next, &piece));
	}
	return NULL;
}

static struct error *get_view(struct unix_collection *all, struct kernel_view **ret)
{
	if (!all->view) {
		all->view = calloc(1, sizeof(*all->view));
		if (!all->view)
			return out_of_memory();
		TRY(fill_view(all->view));
	}
	*ret = all->view;
	return NULL;
}

struct error *unix_waiting_dump(struct dump *dump, const struct collected_socket *client)
{
	struct kernel_view *view = NULL;
	uint64_t sock, end;

	TRY(get_view(dump->files->unix_sockets, &view));
	TRY(find_sock(view, client->looked_fd, &sock));
	TRY(number(view, sock, &view->peer, &end));
	return end ? read_queue(dump, view, end, client->entry->id) : fail("it has no other end");
}

/* ---- clients that are closed already ---- */

/* In the queue of a listener are packets that belong to the servers' ends. */
static struct error *find_server_end(const struct kernel_view *view, int listener, size_t index, uint64_t *end)
{
	uint64_t sock, queue, piece;

	TRY(find_sock(view, listener, &sock));
	queue = sock + view->queue.offset;
	TRY(number(view, queue, &view->first, &piece));
	for (size_t i = 0; i < index && piece != queue; i++)
		TRY(number(view, piece, &view->next, &piece));
	return piece == queue ? fail("it is not in the queue") : number(view, piece, &view->owner, end);
}

/* What the server will be told of it. */
static struct error *read_maker(const struct kernel_view *view, uint64_t end, UnixSkEntry *entry)
{
	uint64_t pid, credentials, tid, user, group;

	TRY(number(view, end, &view->peer_pid, &pid));
	TRY(number(view, end, &view->peer_credentials, &credentials));
	if (!pid || !credentials)
		return fail("who connected it is not known");
	TRY(peek_pid(view->peek, pid, &tid));
	TRY(number(view, credentials, &view->user, &user));
	TRY(number(view, credentials, &view->group, &group));
	SET(entry, maker_pid, tid);
	SET(entry, maker_uid, user);
	SET(entry, maker_gid, group);
	return NULL;
}

static uint32_t unused_inode(struct unix_collection *all)
{
	uint32_t inode;

	do
		inode = UINT32_MAX - all->gone_count++;
	while (unix_socket_find(&all->list, inode));
	return inode;
}

struct error *unix_waiting_gone(struct dump *dump, const struct collected_socket *listener, size_t index, uint32_t *ret_inode)
{
	struct unix_collection *all = dump->files->unix_sockets;
	UnixSkEntry *entry = new_message(dump->arena, unix_sk_entry);
	struct kernel_view *view = NULL;
	uint64_t end;

	TRY(get_view(all, &view));
	TRY(find_server_end(view, listener->looked_fd, index, &end));
	entry->id = files_next_id(dump);
	entry->ino = *ret_inode = unused_inode(all);
	entry->type = listener->entry->type;
	entry->state = UNIX_ESTABLISHED;
	entry->peer = listener->entry->ino;
	entry->fown = new_message(dump->arena, fown_entry);
	entry->opts = new_message(dump->arena, sk_opts_entry);
	SET(entry, ns_id, listener->entry->ns_id);
	TRY(read_maker(view, end, entry));
	TRY(read_queue(dump, view, end, entry->id));
	file_entry_new(dump, FD_TYPES__UNIXSK, entry->id)->usk = entry;
	return NULL;
}

void unix_waiting_end(struct unix_collection *all)
{
	if (!all->view)
		return;
	peek_close(all->view->peek);
	btf_close(all->view->btf);
	free(all->view);
	all->view = NULL;
}
