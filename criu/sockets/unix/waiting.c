// SPDX-License-Identifier: GPL-2.0
/*
 * waiting: what a client has sent over a connection that nobody has accepted yet. No descriptor leads to the end that has
 * it, and what was accepted cannot be put back; so it is read from the kernel's memory (kernel/peek.h), by the client:
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
	PLACE(next, "sk_buff", "next")                                                                                 \
	PLACE(length, "sk_buff", "len")                                                                                \
	PLACE(length_beside, "sk_buff", "data_len")                                                                    \
	PLACE(data, "sk_buff", "data")                                                                                 \
	PLACE(control, "sk_buff", "cb")                                                                                \
	PLACE(sender, "unix_skb_parms", "pid")                                                                         \
	PLACE(sender_user, "unix_skb_parms", "uid")                                                                    \
	PLACE(sender_group, "unix_skb_parms", "gid")                                                                   \
	PLACE(files, "unix_skb_parms", "fp")                                                                           \
	PLACE(consumed, "unix_skb_parms", "consumed")                                                                  \
	PLACE(pid_level, "pid", "level")                                                                               \
	PLACE(pid_numbers, "pid", "numbers")                                                                           \
	PLACE(upid_number, "upid", "nr")                                                                               \
	PLACE(upid_end, "upid", "ns")                                                                                  \
	PLACE(task_pid, "task_struct", "thread_pid")

struct kernel_view {
	struct peek *peek;
	struct btf *btf;
	uint64_t level; /* of our pid namespace */
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
	uint64_t task, pid;

	TRY(btf_open(&view->btf));
#define PLACE(name, structure, field) TRY(btf_find(view->btf, structure, field, &view->name));
	PLACES(PLACE)
#undef PLACE
	TRY(peek_open(&view->peek));
	TRY(peek_current(view->peek, &task));
	TRY(number(view, task, &view->task_pid, &pid));
	return number(view, pid, &view->pid_level, &view->level);
}

/* The other end of a connected socket, a struct sock. */
static struct error *find_other_end(const struct kernel_view *view, int fd, uint64_t *end)
{
	uint64_t file, socket, sock;

	TRY(peek_descriptor(view->peek, view->btf, fd, &file));
	TRY(number(view, file, &view->file_private, &socket));
	TRY(number(view, socket, &view->socket_sock, &sock));
	TRY(number(view, sock, &view->peer, end));
	return *end ? NULL : fail("it has no other end");
}

/* Who sent it, where the kernel has noted that. */
static struct error *read_sender(const struct kernel_view *view, uint64_t control, SkPacketEntry *packet)
{
	struct btf_place own = view->pid_numbers;
	uint64_t pid, level, tid, user, group;

	TRY(number(view, control, &view->sender, &pid));
	if (!pid)
		return NULL;
	TRY(number(view, pid, &view->pid_level, &level));
	if (level < view->level)
		return NULL;
	own.offset += view->level * (view->upid_end.offset + view->upid_end.size) + view->upid_number.offset;
	own.size = view->upid_number.size;
	TRY(number(view, pid, &own, &tid));
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

static struct error *read_queue(struct dump *dump, const struct kernel_view *view, int fd, uint32_t client)
{
	uint64_t end, queue, urgent, piece;

	TRY(find_other_end(view, fd, &end));
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

struct error *unix_waiting_dump(struct dump *dump, const struct collected_socket *client)
{
	struct unix_collection *all = dump->files->unix_sockets;

	if (!all->view) {
		all->view = calloc(1, sizeof(*all->view));
		if (!all->view)
			return out_of_memory();
		TRY(fill_view(all->view));
	}
	return read_queue(dump, all->view, client->client_fd, client->entry->id);
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
