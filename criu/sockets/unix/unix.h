// SPDX-License-Identifier: GPL-2.0
/* What the files of unix sockets share. For sockets/unix/ only. */
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include "files/kind.h"
#include "kernel/sock_diag.h"
#include "sockets/queue.h"

/* state, as TCP numbers them */
enum { UNIX_ESTABLISHED = 1, UNIX_CLOSED = 7, UNIX_LISTENING = 10 };
/* uflags */
enum { UNIX_EXTERNAL = 1, UNIX_SERVICE = 2, UNIX_CALLBACK = 4, UNIX_INHERITED = 8 };
/* shutdown */
enum { SHUT_RECEIVE = 1, SHUT_SEND = 2 };

/* ---- dump ---- */

struct unix_collection {
	struct unix_socket_list list; /* of all sockets, as the kernel told when the first was met */
	struct collected_socket {
		UnixSkEntry *entry;
		const struct unix_socket_facts *facts;
		pid_t pid; /* a holder, for messages */
		int number;
		int fd; /* our copy where there may be something in its queue; -1 */
		int looked_fd; /* our copy for looking into the kernel: of a client that has sent something and is not
				* accepted yet, of a listener with a client that is closed already; -1 */
		bool urgent; /* a byte of MSG_OOB is in it */
		ProtobufCBinaryData peer_name; /* outside.c: where a datagram socket was connected to */
	} * sockets;
	size_t count, capacity;
	uint32_t *outside; /* inodes of peers that are not in the tree and were noted */
	size_t outside_count, outside_capacity;
	struct collected_socket **by_inode; /* once all are known */
	struct kernel_view *view;	    /* waiting.c, once it was needed */
	uint32_t gone_count;		    /* clients that are closed already */
};

/* names.c: the name, where its file is and whose. */
struct error *unix_name_dump(struct dump *dump, const struct open_fd *fd, UnixSkEntry *entry) must_check;
/* peers.c: when all sockets are known: who is connected to whom, what cannot be saved. */
struct error *unix_peers_dump(struct dump *dump) must_check;

/* waiting.c: what a client has sent that is not accepted yet goes into the image of queues. An error where that cannot be
 * seen. At the end, whatever happens, unix_waiting_end(). */
struct error *unix_waiting_dump(struct dump *dump, const struct collected_socket *client) must_check;
/* The same of a client that is closed already, the index-th that waits for the listener: it gets an entry, with an
 * inode number that no socket has. */
struct error *unix_waiting_gone(struct dump *dump, const struct collected_socket *listener, size_t index,
				uint32_t *ret_inode) must_check;
void unix_waiting_end(struct unix_collection *all);

/* outside.c: notes where a socket leads that may lead out of the tree. */
struct error *unix_outside_note(struct dump *dump, const struct open_fd *fd, struct collected_socket *socket) must_check;
/* outside.c, all sockets known: the peer is not in the tree. Refuses what no option allows. */
struct error *unix_outside_dump(struct dump *dump, struct collected_socket *socket) must_check;
struct error *unix_outside_waits(const struct collected_socket *socket) must_check;

/* ---- restore ---- */

/* Who called socketpair(), connect() or listen(): the kernel tells the other end (SO_PEERCRED). */
struct unix_maker {
	bool known;
	pid_t pid; /* 0: it was in another pid namespace */
	uint32_t uid, gid;
	const uint32_t *groups;
	size_t group_count;
};

/* A socket that others can be connected to. */
struct unix_listener {
	const UnixSkEntry *entry;
	int fd, node;		 /* node: O_PATH descriptor of its file; -1 */
	bool listens;
	struct unix_maker maker; /* who called listen() last */
};

/* A socket to be made. */
struct planned_socket {
	struct planned_file *file;
	const UnixSkEntry *entry;
	struct unix_maker told; /* what its SO_PEERCRED says */
	struct unix_maker own;	/* waits to be accepted: what the other end will be told */
	struct unix_listener *listening; /* in the opener, once it listens */
	struct pair_stock *stock;	 /* maker.c, in the opener: pairs for all that were made as this one was */
	struct planned_socket *peer;	 /* connected to it; NULL: none, or gone */
	struct planned_socket *listener; /* waits to be accepted by it */
	struct planned_socket *partner;	 /* datagram: made together by socketpair() */
	struct planned_socket *by_name;	 /* accepted by this listener, which lives */
	bool name_is_taken;		 /* accepted by a listener that the caller replaces and that has its name */
	int hidden;			 /* the end nobody has: closed when the queues are full; -1 */
	int node;			 /* O_PATH descriptor of its file; -1 */
	bool inherited;			 /* the caller gave a descriptor for it */
	bool waits_connected;		 /* listener: its waiting clients are connected */
	unsigned distance;		 /* datagram: from the end of its chain of peers */
	const struct queued_packet *packets;
	size_t packet_count;
};

struct unix_plan {
	struct planned_socket *sockets;
	size_t count;
	struct planned_socket **by_inode, **by_name; /* by_name: listeners before others */
	size_t name_count;
	struct unix_socket_list list; /* who uses names now; dumped when first asked */
	bool list_known;
	/* in the opener: made only to give accepted sockets the name of a listener that is gone */
	struct unix_listener *lost;
	size_t lost_count, lost_capacity;
	struct planned_socket **by_maker; /* those with a known told.pid */
	size_t told_count;
	struct pair_stock *stock; /* maker.c, in the opener: of those that are told nothing */
	bool filled;
};

/* outside.c, plan: did the caller give a replacement for this socket? */
bool unix_outside_is_replaced(struct restore *restore, const UnixSkEntry *entry);
/* outside.c, plan: *ret_done: nothing else is to be planned. opener: the caller's descriptor. */
struct error *unix_outside_plan(struct restore *restore, struct planned_socket *socket, bool *ret_done) must_check;
struct error *unix_outside_create(struct restore *restore, struct planned_socket *socket) must_check;
void unix_outside_address(const UnixSkEntry *entry, struct sockaddr_un *address, socklen_t *length);
struct error *unix_outside_unreachable(const UnixSkEntry *entry, int number) must_check;

/* peers.c: builds the plan when first asked; no side effects. */
struct error *unix_plan_get(struct restore *restore, struct unix_plan **ret) must_check;
/* NULL: there is none. */
struct planned_socket *unix_find(const struct unix_plan *plan, uint32_t inode);
int unix_name_compare(const UnixSkEntry *a, const UnixSkEntry *b);
/* peers.c, opener: makes a socket, and with it its other end where they are born together. */
struct error *unix_create(struct restore *restore, struct planned_socket *socket) must_check;
/* peers.c, opener: connects the clients that wait for a listener, in their order. */
struct error *unix_connect_waiting(struct restore *restore, struct planned_socket *listener) must_check;
/* peers.c, opener: connects datagram sockets, fills all queues, shuts down, ends hidden ends. */
struct error *unix_fill_all(struct restore *restore) must_check;

/* names.c, plan: is the place of the name free or a leftover of the dumped socket? */
struct error *unix_name_check(struct restore *restore, struct unix_plan *plan, const UnixSkEntry *entry) must_check;
/* names.c, opener: gives the socket its name; *ret_node: descriptor of its file, or -1. Nothing where
 * it has no name. */
struct error *unix_name_bind(struct restore *restore, const UnixSkEntry *entry, int fd, int *ret_node) must_check;
/* names.c, opener: a name without a file that others could find. */
struct error *unix_name_bind_privately(struct restore *restore, const UnixSkEntry *entry, int fd, int *ret_node) must_check;
/* The address under which a socket can be reached now; false: none. */
bool unix_address_of(const UnixSkEntry *entry, int node, struct sockaddr_un *address, socklen_t *length);

/* maker.c, plan: who made what; every socket is known. */
void unix_makers_plan(struct restore *restore, struct unix_plan *plan);
/* maker.c, opener: the calls that the kernel notes the caller of, by the process that made them before. A pair for
 * this socket (and its peer, if that is known). */
struct error *unix_make_pair(struct restore *restore, const struct planned_socket *socket, int *a, int *b) must_check;
/* What the socket, whose other end listens, is to be told; nothing where that was so already. */
struct error *unix_make_listen(struct restore *restore, struct unix_listener *listener,
			       const struct planned_socket *told) must_check;
/* fd is connected to an address, or, where node is not -1, to that file. about: the socket that is told of the
 * caller; or, with own set, the one whose other end is. *ret_pid: who the caller was. */
struct error *unix_make_connect(struct restore *restore, const struct planned_socket *about, bool own, int fd, int node,
				const struct sockaddr_un *address, socklen_t length, pid_t *ret_pid) must_check;
/* Pairs that were not needed. */
void unix_makers_end(struct unix_plan *plan);

static inline bool unix_is_datagram(const UnixSkEntry *entry)
{
	return entry->type == SOCK_DGRAM;
}

/* Also where one is not known. */
bool unix_same_maker(const struct unix_maker *a, const struct unix_maker *b);

static inline bool unix_has_path(const UnixSkEntry *entry)
{
	return entry->name.len && entry->name.data[0];
}
