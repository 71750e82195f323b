// SPDX-License-Identifier: GPL-2.0
/*
 * unix: sockets of AF_UNIX, of all three types. names.c knows their names, peers.c who is connected
 * to whom and in which order they are made, sockets/queue.c what lies in their queues.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/files.h"
#include "files/plan.h"
#include "sockets/options.h"
#include "sockets/unix/unix.h"
#include "support/log.h"

/* ---- dump ---- */

static struct error *get_collection(struct dump *dump, struct unix_collection **ret)
{
	struct unix_collection *all = dump->files->unix_sockets;

	if (!all) {
		all = dump->files->unix_sockets = arena_new(dump->arena, struct unix_collection);
		TRY(sock_diag_unix(dump->arena, &all->list));
	}
	*ret = all;
	return NULL;
}

static void dump_peer_groups(struct dump *dump, UnixSkEntry *entry, int fd)
{
	uint32_t few[32], *groups = few;
	socklen_t length = sizeof(few);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length)) {
		if (errno != ERANGE) /* before Linux 4.13 */
			return;
		groups = arena_alloc(dump->arena, length); /* how much it is was told */
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length))
			return;
	}
	entry->n_peer_groups = length / sizeof(uint32_t);
	entry->peer_groups = groups == few ? arena_copy(dump->arena, few, length) : groups;
}

enum { NOBODY = -1 }; /* there is no other end */

/* Who the other end says it is: what SO_PEERCRED tells the program. */
static void dump_peer_credentials(struct dump *dump, UnixSkEntry *entry, int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) || peer.uid == NOBODY)
		return;
	SET(entry, peer_pid, peer.pid);
	SET(entry, peer_uid, peer.uid);
	SET(entry, peer_gid, peer.gid);
	dump_peer_groups(dump, entry, fd);
}

/* Our copy is kept where something is in the queue: the files in it are looked at when all tables are known. */
static struct error *look_for_contents(struct dump *dump, struct collected_socket *socket,
				       const struct open_fd *fd)
{
	struct pollfd ready = { fd->fd, POLLIN | POLLPRI, 0 };

	if (poll(&ready, 1, 0) < 0)
		return fail_errno("could not poll a socket");
	if (socket->entry->state == UNIX_LISTENING)
		return NULL;
	/* Looking into a queue of packets would take the error. */
	if (ready.revents & POLLERR && socket->entry->type != SOCK_STREAM &&
	    (socket->entry->type == SOCK_DGRAM || socket->facts->receive_queue))
		return with_hint(fail("the socket has an error waiting, behind which its queue cannot be seen"),
				 "Let the program read it before the dump.");
	if (ready.revents & POLLERR)
		SET(socket->entry, reset, true);
	if (!(ready.revents & (POLLIN | POLLPRI)))
		return NULL;
	socket->urgent = ready.revents & POLLPRI;
	socket->fd = fd->fd;
	files_hold(dump, fd);
	return NULL;
}

/* Copies that must stay open are few enough as long as there is room for all. */
static struct error *dump_options(struct dump *dump, const struct open_fd *fd, UnixSkEntry *entry)
{
	if (dump->files->borrowed_count >= dump->files->borrowed_most / 2)
		return socket_options_dump(dump, fd->fd, &entry->opts);
	files_hold(dump, fd);
	return socket_options_dump_later(dump, fd->fd, NULL, &entry->opts);
}

static bool is_looked_into(const struct collected_socket *socket)
{
	const struct unix_socket_facts *facts = socket->facts;

	for (size_t i = 0; facts->state == UNIX_LISTENING && i < facts->waiting_count; i++)
		if (!facts->waiting[i])
			return true;
	return facts->state == UNIX_ESTABLISHED && facts->type != SOCK_DGRAM && !facts->peer && facts->send_queue;
}

static struct error *dump_socket(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	UnixSkEntry *entry = out->usk = new_message(dump->arena, unix_sk_entry);
	struct collected_socket *socket;
	struct unix_collection *all;

	TRY(get_collection(dump, &all));
	socket = arena_append(dump->arena, all->sockets, all->count, all->capacity);
	*socket = (struct collected_socket){ .entry = entry, .pid = fd->task->pid, .number = fd->number, .fd = -1, .looked_fd = -1 };
	socket->facts = unix_socket_find(&all->list, fd->stat.st_ino);
	if (!socket->facts)
		return with_hint(fail("the socket is not in this network namespace"),
				 "Sockets of other network namespaces cannot be saved yet; close it before the dump.");
	entry->id = fd->id;
	entry->ino = fd->stat.st_ino;
	entry->type = socket->facts->type;
	entry->state = socket->facts->state;
	entry->peer = socket->facts->peer;
	entry->backlog = entry->state == UNIX_LISTENING ? socket->facts->send_queue : 0;
	SET(entry, shutdown, socket->facts->shutdown);
	SET(entry, ns_id, fd->task->ids->net_ns_id);
	if (fd->stat.st_uid)
		SET(entry, owner, fd->stat.st_uid);
	TRY(unix_name_dump(dump, fd, entry));
	TRY(unix_outside_note(dump, fd, socket));
	dump_peer_credentials(dump, entry, fd->fd);
	TRY(dump_options(dump, fd, entry));
	if (is_looked_into(socket)) {
		socket->looked_fd = fd->fd;
		files_hold(dump, fd);
	}
	return look_for_contents(dump, socket, fd);
}

static struct error *dump_late(struct dump *dump)
{
	TRY(socket_options_join(dump));
	return dump->files->unix_sockets ? unix_peers_dump(dump) : NULL;
}

/* ---- restore ---- */

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const UnixSkEntry *entry = file->entry->usk;
	struct planned_socket *socket;
	struct unix_plan *plan;
	bool done;

	if (entry->type != SOCK_STREAM && entry->type != SOCK_DGRAM && entry->type != SOCK_SEQPACKET)
		return fail("the image is damaged: unix socket %u has the type %u", entry->ino, entry->type);
	TRY(unix_plan_get(restore, &plan));
	socket = file->kind_data;
	file->rank = entry->state == UNIX_LISTENING ? 0 : 1;
	/* Clients that are closed already are in no table. */
	for (size_t i = 0; i < entry->n_waiting; i++) {
		const struct planned_socket *client = unix_find(plan, entry->waiting[i]);

		if (client && !client->file->wanted)
			TRY(files_want(restore, client->entry->id));
	}
	TRY(unix_outside_plan(restore, socket, &done));
	if (done)
		return NULL;
	if (unix_has_path(entry) && !socket->by_name && !socket->name_is_taken)
		TRY(unix_name_check(restore, plan, entry));
	return queue_plan(restore, file->entry->id, &socket->packets, &socket->packet_count);
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	struct planned_socket *socket = file->kind_data;

	return socket->inherited ? unix_outside_create(restore, socket) : unix_create(restore, socket); /* set file->fd, which *ret_fd is */
}

static struct error *connect_waiting(struct restore *restore, struct planned_file *file)
{
	return unix_connect_waiting(restore, file->kind_data);
}

static struct error *fill(struct restore *restore, struct planned_file *file)
{
	const UnixSkEntry *entry = file->entry->usk;

	TRY(unix_fill_all(restore));
	if (entry->owner && !file->inherited && fchown(file->fd, entry->owner, -1))
		log_warning("could not give unix socket %u to user %u", entry->ino, entry->owner);
	return socket_options_restore(entry->opts, file->fd);
}

const struct file_kind unix_socket_kind = {
	.name = "unix_socket",
	.type = FD_TYPES__UNIXSK,
	.entry = offsetof(FileEntry, usk),
	.match = { .socket_family = AF_UNIX },
	.dump = dump_socket,
	.dump_late = dump_late,
	.write = queue_write,
	.plan = plan,
	.create = create,
	.connect = connect_waiting,
	.fill = fill,
};
