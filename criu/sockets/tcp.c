// SPDX-License-Identifier: GPL-2.0
/*
 * tcp: dump of TCP sockets. A connection is read in repair mode: TCP_REPAIR of tcp(7). It is in that mode no longer than
 * that, for if criu were killed the program could not use it; and once more when the tree is ended, so that closing
 * it sends nothing.
 */
#include "sockets/tcp.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "files/collection.h"
#include "image/record.h"
#include "model/context.h"
#include "model/verdict.h"
#include "sockets/inet.h"
#include "support/cleanup.h"
#include "support/log.h"
#include "support/options.h"

enum { TRIES = 10, CORK = 3, ULP_TEXT = 32, NAME_OF_PEER = 28 /* SO_PEERNAME */ };

struct tcp_connection {
	InetSkEntry *entry;
	TcpStreamEntry *stream;
	union inet_address source, destination;
	int fd; /* our copy */
	bool in_repair;
	char *received, *sent; /* contents of the queues */
};

/* ---- what kind of socket it is ---- */

static const char *const state_names[] = { "?",		 "established", "connecting", "being accepted",
					   "closing",	 "closing",	"closed",     "closed",
					   "half closed", "closing",	"listening",  "closing",
					   "being accepted" };

static bool is_live(uint32_t state)
{
	return state != INET_CLOSED && state != INET_LISTENING;
}

static int get_number(int fd, int option)
{
	int value = 0;
	socklen_t length = sizeof(value);

	(void)getsockopt(fd, IPPROTO_TCP, option, &value, &length);
	return value;
}

static void dump_options(struct dump *dump, int fd, InetSkEntry *entry)
{
	TcpOptsEntry *options = entry->tcp_opts = new_message(dump->arena, tcp_opts_entry);

	if (get_number(fd, CORK))
		SET(options, cork, true);
	if (get_number(fd, TCP_NODELAY))
		SET(options, nodelay, true);
	SET(options, keepcnt, get_number(fd, TCP_KEEPCNT));
	SET(options, keepidle, get_number(fd, TCP_KEEPIDLE));
	SET(options, keepintvl, get_number(fd, TCP_KEEPINTVL));
	/* Where older readers look. */
	SET(entry->opts, tcp_keepcnt, options->keepcnt);
	SET(entry->opts, tcp_keepidle, options->keepidle);
	SET(entry->opts, tcp_keepintvl, options->keepintvl);
}

static struct error *check_extensions(int fd)
{
	char name[ULP_TEXT] = "";
	socklen_t length = sizeof(name);

	if (!getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &length) && length && name[0])
		return with_hint(fail("the TCP socket uses the protocol layer \"%.31s\" in the kernel, which cannot be saved",
				      name),
				 "Let the program do without it (for kernel TLS: OpenSSL's option KTLS off).");
	return NULL;
}

static struct error *dump_listener(struct dump *dump, const struct open_fd *fd, const struct tcp_info *info,
				   InetSkEntry *entry)
{
	entry->backlog = info->tcpi_sacked;
	return info->tcpi_unacked ? tcp_waiting_note(dump, fd, entry, info->tcpi_unacked) : NULL;
}

static struct error *check_allowed(struct dump *dump, const InetSkEntry *entry, const union inet_address *source,
				   const union inet_address *destination)
{
	const struct options *options = dump->criu->options;
	char from[INET_TEXT], to[INET_TEXT];

	inet_text(source, from);
	inet_text(destination, to);
	if (entry->state == INET_SYN_RECEIVED || entry->state == INET_NEW_SYN_RECEIVED)
		return as_passing(with_hint(fail("the TCP connection %s - %s is only half made", from, to),
					    "Dump a moment later, when its handshake is complete."));
	if (options->tcp_established || options->tcp_close)
		return NULL;
	if (entry->state == INET_SYN_SENT && options->skip_in_flight)
		return NULL;
	return with_hint(fail("cannot save the TCP connection %s - %s (%s)", from, to, state_names[entry->state]),
			 "Consider using --tcp-established, at dump and at restore, to keep connections, or --tcp-close "
			 "to end them.");
}

struct inet_collection *inet_collection(struct dump *dump)
{
	if (!dump->files->inet_sockets)
		dump->files->inet_sockets = arena_new(dump->arena, struct inet_collection);
	return dump->files->inet_sockets;
}

static void add_connection(struct dump *dump, const struct open_fd *fd, InetSkEntry *entry,
			   const union inet_address *source, const union inet_address *destination)
{
	struct inet_collection *all = inet_collection(dump);
	struct tcp_connection *connection;

	files_hold(dump, fd);
	connection = arena_append(dump->arena, all->connections, all->count, all->capacity);
	*connection = (struct tcp_connection){
		.entry = entry, .source = *source, .destination = *destination, .fd = fd->fd
	};
}

/* A socket that is connected or was; it has a peer, even where getpeername() is silent. */
static struct error *dump_connection(struct dump *dump, const struct open_fd *fd, InetSkEntry *entry)
{
	union inet_address source = { 0 }, destination = { 0 };
	socklen_t length = sizeof(source);

	if (getsockname(fd->fd, &source.any, &length))
		return fail_errno("could not read the socket's name");
	length = inet_length(&source); /* exactly */
	if (getsockopt(fd->fd, SOL_SOCKET, NAME_OF_PEER, &destination, &length))
		return entry->state == INET_CLOSED ? NULL : fail_errno("could not read the peer's name");
	TRY(check_allowed(dump, entry, &source, &destination));
	entry->dst_port = ntohs(inet_port(&destination));
	entry->dst_addr = inet_words(dump->arena, &destination, &entry->n_dst_addr);
	if (dump->criu->options->tcp_close)
		return NULL;
	add_connection(dump, fd, entry, &source, &destination);
	return NULL;
}

struct error *tcp_dump(struct dump *dump, const struct open_fd *fd, InetSkEntry *entry)
{
	struct pollfd ready = { fd->fd, POLLRDHUP, 0 };
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);
	int shut, unread = 0;

	if (getsockopt(fd->fd, IPPROTO_TCP, TCP_INFO, &info, &length) || poll(&ready, 1, 0) < 0)
		return fail_errno("could not read the state of the TCP socket");
	entry->state = info.tcpi_state;
	dump_options(dump, fd->fd, entry);
	TRY(check_extensions(fd->fd));
	TRY(tcp_signed_dump(dump, entry));
	if (entry->state == INET_LISTENING)
		return dump_listener(dump, fd, &info, entry);
	shut = ready.revents & POLLRDHUP ? INET_SHUT_RECEIVE : 0;
	if (entry->state == INET_CLOSED && ready.revents & POLLERR)
		SET(entry, reset, true);
	if (entry->state == INET_CLOSED && shut) /* a new one is not shut down */
		shut |= INET_SHUT_SEND;
	if (shut)
		SET(entry, shutdown, shut);
	(void)ioctl(fd->fd, SIOCINQ, &unread);
	if (is_live(entry->state) || (shut && (entry->reset || unread)))
		return dump_connection(dump, fd, entry);
	return NULL;
}

/* ---- reading a connection ---- */

static struct error *set_number(int fd, int option, int value)
{
	return setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value))
		   ? fail_errno("could not set the TCP option %d", option)
		   : NULL;
}

static struct error *enter_repair(struct tcp_connection *connection)
{
	int on = 1;

	if (setsockopt(connection->fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)))
		return with_hint(fail_errno("could not put a TCP connection into repair mode"),
				 "Run criu with CAP_NET_ADMIN in the network namespace of the connection.");
	connection->in_repair = true;
	return NULL;
}

/* Repair mode has forced SO_REUSEADDR on, and leaving it turns that off; reading has changed SO_OOBINLINE. What fails may be tried
 * again. */
static struct error *leave_repair(struct tcp_connection *connection)
{
	const SkOptsEntry *options = connection->entry->opts;
	int off = TCP_REPAIR_OFF_NO_WP, reuse = options->reuseaddr, offset = options->so_peek_off, apart = options->so_oobinline;

	if (setsockopt(connection->fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)) ||
	    setsockopt(connection->fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse)) ||
	    setsockopt(connection->fd, SOL_SOCKET, SO_OOBINLINE, &apart, sizeof(apart)))
		return fail_errno("could not take TCP socket %u out of repair mode", connection->entry->ino);
	if (options->has_so_peek_off && setsockopt(connection->fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)))
		return fail_errno("could not set SO_PEEK_OFF of TCP socket %u", connection->entry->ino);
	connection->in_repair = false;
	return NULL;
}

/* An undo entry. argument: struct dump. */
static void leave_repair_all(void *argument)
{
	struct inet_collection *all = ((struct dump *)argument)->files->inet_sockets;

	for (size_t i = 0; i < all->count; i++)
		if (all->connections[i].in_repair)
			error_ignore(leave_repair(&all->connections[i]), "repair mode");
}

/* Sequence numbers and lengths. A FIN takes a number of its own, at the end. */
struct queues {
	uint32_t received_sequence, sent_sequence;
	int received, sent, unsent;
};

static struct error *read_queues(int fd, uint32_t state, struct queues *queues)
{
	bool fin_queued = state == INET_FIN_WAIT1 || state == INET_CLOSING || state == INET_LAST_ACK;

	memset(queues, 0, sizeof(*queues));
	TRY(set_number(fd, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE));
	queues->received_sequence = get_number(fd, TCP_QUEUE_SEQ);
	TRY(set_number(fd, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE));
	queues->sent_sequence = get_number(fd, TCP_QUEUE_SEQ);
	if (ioctl(fd, SIOCINQ, &queues->received) || ioctl(fd, SIOCOUTQ, &queues->sent) ||
	    ioctl(fd, SIOCOUTQNSD, &queues->unsent))
		return fail_errno("could not read the lengths of a TCP connection's queues");
	if (state == INET_CLOSED)
		queues->sent = queues->unsent = 0;
	if (fin_queued && queues->sent)
		queues->sent--;
	if (fin_queued && queues->unsent)
		queues->unsent--;
	return NULL;
}

static struct error *peek(int fd, int queue, char *data, size_t length, size_t *got)
{
	ssize_t n;

	TRY(set_number(fd, TCP_REPAIR_QUEUE, queue));
	n = recv(fd, data, length, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0)
		return fail_errno("could not read the queue of a TCP connection");
	*got = n;
	return NULL;
}

/* Reading stops at the mark of urgent data. */
static struct error *peek_behind_mark(int fd, char *data, size_t length, size_t offset, size_t *got)
{
	int from = offset, none = -1;

	if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &from, sizeof(from)))
		return with_hint(fail_errno("the TCP connection has urgent data behind %zu other bytes", offset),
				 "Only Linux 6.9 and later can tell what follows it: let the program read it before the dump.");
	TRY(peek(fd, TCP_RECV_QUEUE, data, length, got));
	return setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &none, sizeof(none)) ? fail_errno("could not set SO_PEEK_OFF") : NULL;
}

/* *complete: all of it was there. */
static struct error *read_received(struct dump *dump, struct tcp_connection *connection, size_t length, bool *complete)
{
	struct pollfd unread = { connection->fd, POLLPRI, 0 };
	TcpStreamEntry *stream = connection->stream;
	size_t got, more = 0;
	int at_mark = 0;

	stream->has_urgent_offset = false;
	if (!length)
		return NULL;
	connection->received = arena_alloc(dump->arena, length);
	TRY(peek(connection->fd, TCP_RECV_QUEUE, connection->received, length, &got));
	if (ioctl(connection->fd, SIOCATMARK, &at_mark) || poll(&unread, 1, 0) < 0)
		return fail_errno("could not look for urgent data of a TCP connection");
	if (at_mark || got < length) {
		SET(stream, urgent_offset, at_mark ? 0 : got);
		SET(stream, urgent_read, !(unread.revents & POLLPRI));
	}
	if (got < length)
		TRY(peek_behind_mark(connection->fd, connection->received + got, length - got, got, &more));
	*complete &= got + more == length;
	return NULL;
}

static struct error *read_sent(struct dump *dump, struct tcp_connection *connection, size_t length, bool *complete)
{
	size_t got;

	if (!length)
		return NULL;
	connection->sent = arena_alloc(dump->arena, length);
	TRY(peek(connection->fd, TCP_SEND_QUEUE, connection->sent, length, &got));
	*complete &= got == length;
	return NULL;
}

/* A packet that was on its way past the lock may still come in between: then once more. */
static struct error *read_contents(struct dump *dump, struct tcp_connection *connection, struct queues *queues)
{
	uint32_t state = connection->entry->state;
	struct queues again;

	for (int i = 0; i < TRIES; i++) {
		bool complete = true;

		TRY(read_queues(connection->fd, state, queues));
		TRY(read_received(dump, connection, queues->received, &complete));
		TRY(read_sent(dump, connection, queues->sent, &complete));
		TRY(read_queues(connection->fd, state, &again));
		if (complete && !memcmp(queues, &again, sizeof(again)))
			return NULL;
	}
	return with_hint(fail("the queues of the TCP connection do not hold still"),
			 "Packets of it still come in: use another --network-lock.");
}

static struct error *read_parameters(struct tcp_connection *connection, TcpStreamEntry *stream)
{
	struct tcp_repair_window window;
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		return fail_errno("could not read the state of the TCP socket");
	connection->entry->state = info.tcpi_state; /* as of now, behind the lock */
	stream->opt_mask = info.tcpi_options & (TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE | TCPI_OPT_ECN);
	stream->mss_clamp = get_number(connection->fd, TCP_MAXSEG);
	if (stream->opt_mask & TCPI_OPT_WSCALE) {
		stream->snd_wscale = info.tcpi_snd_wscale;
		SET(stream, rcv_wscale, info.tcpi_rcv_wscale);
	}
	if (stream->opt_mask & TCPI_OPT_TIMESTAMPS)
		SET(stream, timestamp, get_number(connection->fd, TCP_TIMESTAMP));
	length = sizeof(window);
	if (connection->entry->state == INET_CLOSED || connection->entry->state == INET_SYN_SENT)
		return NULL;
	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &window, &length))
		return fail_errno("could not read the windows of a TCP connection");
	SET(stream, snd_wl1, window.snd_wl1);
	SET(stream, snd_wnd, window.snd_wnd);
	SET(stream, max_window, window.max_window);
	SET(stream, rcv_wnd, window.rcv_wnd);
	SET(stream, rcv_wup, window.rcv_wup);
	return NULL;
}

static struct error *read_in_repair(struct dump *dump, struct tcp_connection *connection)
{
	TcpStreamEntry *stream = connection->stream = new_message(dump->arena, tcp_stream_entry);
	struct queues queues;
	int none = -1, on = 1;

	/* Else the kernel tells neither the length nor the contents of what is behind urgent data. */
	if (setsockopt(connection->fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)))
		return fail_errno("could not set SO_OOBINLINE");
	if (connection->entry->opts->has_so_peek_off &&
	    setsockopt(connection->fd, SOL_SOCKET, SO_PEEK_OFF, &none, sizeof(none)))
		return fail_errno("could not set SO_PEEK_OFF");
	TRY(read_parameters(connection, stream));
	TRY(read_contents(dump, connection, &queues));
	stream->inq_len = queues.received;
	stream->inq_seq = queues.received_sequence;
	stream->outq_len = queues.sent;
	stream->outq_seq = queues.sent_sequence;
	SET(stream, unsq_len, queues.unsent);
	return NULL;
}

static struct error *read_connection(struct dump *dump, struct tcp_connection *connection)
{
	TRY(enter_repair(connection));
	TRY(read_in_repair(dump, connection));
	return leave_repair(connection);
}

static struct error *lock_all(struct dump *dump, const struct inet_collection *all)
{
	size_t count = all->count + all->waiting_count;
	cleanup_free struct locked_connection *locked = calloc(count, sizeof(*locked));

	if (!locked)
		return out_of_memory();
	for (size_t i = 0; i < all->count; i++)
		inet_packets(&all->connections[i].source, &all->connections[i].destination, &locked[i]);
	tcp_waiting_lock(all, locked + all->count);
	return network_lock(dump, locked, count);
}

struct error *tcp_dump_late(struct dump *dump)
{
	struct inet_collection *all = dump->files->inet_sockets;

	TRY(tcp_waiting_find(dump));
	if (inspecting(dump) || !(all->count + all->waiting_count)) /* what may be refused was looked at before */
		return NULL;
	TRY(tcp_waiting_ask(dump));
	TRY(lock_all(dump, all));
	TRY(tcp_waiting_check(dump));
	undo_push(&dump->undo, "TCP connections leave repair mode", leave_repair_all, dump);
	for (size_t i = 0; i < all->count; i++)
		TRY(with_context(read_connection(dump, &all->connections[i]), "TCP socket %u",
				 all->connections[i].entry->ino));
	return NULL;
}

struct error *tcp_write(struct dump *dump)
{
	struct inet_collection *all = dump->files->inet_sockets;

	for (size_t i = 0; i < all->count; i++) {
		const struct tcp_connection *connection = &all->connections[i];
		cleanup_image_writer struct image_writer *writer = NULL;

		TRY(image_create(dump->criu->images, IMAGE_TCP_STREAM, connection->entry->ino, &writer));
		TRY(image_write(writer, &connection->stream->base));
		TRY(image_write_bytes(writer, connection->received, connection->stream->inq_len));
		TRY(image_write_bytes(writer, connection->sent, connection->stream->outq_len));
		TRY(image_close(take_pointer(writer)));
	}
	return NULL;
}

struct error *tcp_release(struct dump *dump, bool lives)
{
	struct inet_collection *all = dump->files ? dump->files->inet_sockets : NULL;

	if (!all)
		return NULL;
	if (lives) {
		network_unlock(dump);
		return NULL;
	}
	for (size_t i = 0; i < all->count; i++)
		TRY(enter_repair(&all->connections[i])); /* the undo entry of the reading is still there */
	return network_lock_keep(dump);
}
