// SPDX-License-Identifier: GPL-2.0
/*
 * tcp_restore: TCP sockets come back. A connection is made in repair mode without a packet, its queues are filled, and
 * states that a FIN leads to are reached by packets that seem to come from the peer (inject.c), all behind
 * the network lock. What was never sent is sent at the very end, when the lock is gone.
 */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "files/plan.h"
#include "image/record.h"
#include "model/context.h"
#include "sockets/inet.h"
#include "sockets/options.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/options.h"

#include <fcntl.h>

enum {
	CORK = 3,
	CHUNK = 64 * 1024,
	QUEUE_MAX = 1 << 30,
	STATE_TRIES = 4000,
	STATE_PAUSE_US = 500,
	PATIENCE_MS = 2000,
	SEGMENT_MIN = 88, /* what TCP_MAXSEG takes */
	SEGMENT_MAX = 32767,
	UNSCALED_MAX = 65535,
};

static bool is_connected(const InetSkEntry *entry)
{
	switch (entry->state) {
	case INET_ESTABLISHED:
	case INET_SYN_SENT:
	case INET_FIN_WAIT1:
	case INET_FIN_WAIT2:
	case INET_CLOSE_WAIT:
	case INET_LAST_ACK:
	case INET_CLOSING:
		return true;
	case INET_CLOSED:
		return entry->dst_port != 0;
	}
	return false;
}

/* Whose FIN the sequence numbers of the image count. */
static bool peer_has_closed(uint32_t state)
{
	return state == INET_CLOSE_WAIT || state == INET_LAST_ACK || state == INET_CLOSING || state == INET_CLOSED;
}

static bool has_closed(uint32_t state)
{
	return state == INET_FIN_WAIT1 || state == INET_FIN_WAIT2 || state == INET_CLOSING ||
	       state == INET_LAST_ACK || state == INET_CLOSED;
}

/* ---- plan ---- */

static struct error *check_stream(const InetSkEntry *entry, const TcpStreamEntry *stream)
{
	if (!stream->has_unsq_len || stream->unsq_len > stream->outq_len || stream->outq_len > QUEUE_MAX ||
	    stream->inq_len > QUEUE_MAX)
		return fail("the image is damaged: the queues of TCP socket %u", entry->ino);
	if (stream->has_urgent_offset && stream->urgent_offset >= stream->inq_len)
		return fail("the image is damaged: urgent data of TCP socket %u", entry->ino);
	if (stream->opt_mask & TCPI_OPT_WSCALE && !stream->has_rcv_wscale)
		return fail("the image is damaged: TCP socket %u has no window scale", entry->ino);
	if (stream->opt_mask & TCPI_OPT_TIMESTAMPS && !stream->has_timestamp)
		return fail("the image is damaged: TCP socket %u has no timestamp", entry->ino);
	return NULL;
}

static struct error *read_stream(struct restore *restore, const InetSkEntry *entry, struct planned_inet *socket)
{
	cleanup_image_reader struct image_reader *reader = NULL;

	TRY(image_open(restore->criu->images, IMAGE_TCP_STREAM, entry->ino, &reader));
	TRY(image_read(reader, &tcp_stream_entry__descriptor, restore->arena, &socket->stream));
	if (!socket->stream)
		return with_hint(fail("cannot restore TCP socket %u: its connection is not in the images", entry->ino),
				 "Use --tcp-close to restore it closed.");
	TRY(check_stream(entry, socket->stream));
	socket->stream_offset = image_reader_offset(reader);
	return image_expect_bytes(reader, (uint64_t)socket->stream->inq_len + socket->stream->outq_len);
}

static void plan_lock(struct restore *restore, const struct planned_inet *socket)
{
	struct locked_connection connection;

	inet_packets(&socket->source, &socket->destination, &connection);
	network_lock_plan(restore, &connection);
}

struct error *tcp_plan(struct restore *restore, struct planned_file *file)
{
	const InetSkEntry *entry = file->entry->isk;
	struct planned_inet *socket = file->kind_data;
	char from[INET_TEXT], to[INET_TEXT];

	file->rank = entry->state == INET_LISTENING ? 0 : 1;
	if (entry->n_waiting)
		TRY(tcp_waiting_plan(restore, entry));
	if (!is_connected(entry) || restore->criu->options->tcp_close)
		return NULL;
	inet_text(&socket->source, from);
	inet_text(&socket->destination, to);
	if (!restore->criu->options->tcp_established)
		return with_hint(fail("cannot restore the TCP connection %s - %s", from, to),
				 "Use --tcp-established, as at the dump, or --tcp-close to restore its socket closed.");
	TRY(with_context(read_stream(restore, entry, socket), "TCP connection %s - %s", from, to));
	plan_lock(restore, socket);
	file->finish_copy = true;
	return NULL;
}

/* ---- create and connect ---- */

static struct error *set_number(int fd, int option, int value, const char *name)
{
	return setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value)) ? fail_errno("could not set %s", name) : NULL;
}

static uint32_t first_received(const InetSkEntry *entry, const TcpStreamEntry *stream)
{
	return stream->inq_seq - stream->inq_len - (peer_has_closed(entry->state) && !entry->reset);
}

static uint32_t first_sent(const InetSkEntry *entry, const TcpStreamEntry *stream)
{
	return stream->outq_seq - stream->outq_len - (has_closed(entry->state) || entry->state == INET_SYN_SENT);
}

/* In repair mode no other socket is in the way. */
struct error *tcp_begin(int fd, uint32_t sent, uint32_t received, const union inet_address *source)
{
	char text[INET_TEXT];

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &(int){ TCP_REPAIR_ON }, sizeof(int)))
		return with_hint(fail_errno("could not put a TCP socket into repair mode"),
				 "Run criu with CAP_NET_ADMIN in the network namespace of the connection.");
	TRY(set_number(fd, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE, "TCP_REPAIR_QUEUE"));
	TRY(set_number(fd, TCP_QUEUE_SEQ, sent, "TCP_QUEUE_SEQ"));
	TRY(set_number(fd, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE, "TCP_REPAIR_QUEUE"));
	TRY(set_number(fd, TCP_QUEUE_SEQ, received, "TCP_QUEUE_SEQ"));
	TRY(set_number(fd, TCP_REPAIR_QUEUE, TCP_NO_QUEUE, "TCP_REPAIR_QUEUE"));
	if (!bind(fd, &source->any, inet_length(source)))
		return NULL;
	inet_text(source, text);
	return with_hint(fail_errno("could not bind a TCP connection to %s", text),
			 "This host needs the address that the connection had.");
}

struct error *tcp_create(struct planned_file *file, int fd)
{
	const struct planned_inet *socket = file->kind_data;
	const InetSkEntry *entry = file->entry->isk;

	return tcp_begin(fd, first_sent(entry, socket->stream), first_received(entry, socket->stream), &socket->source);
}

bool tcp_is_over(const InetSkEntry *entry)
{
	return is_connected(entry) || (entry->state == INET_CLOSED && entry->has_shutdown && entry->shutdown);
}

/* One that --tcp-close has ended needs no address. */
struct error *tcp_bind_over(const InetSkEntry *entry, const struct planned_inet *socket, int fd)
{
	if (is_connected(entry) || !entry->src_port)
		return NULL;
	TRY(set_number(fd, TCP_REPAIR, TCP_REPAIR_ON, "TCP_REPAIR"));
	if (bind(fd, &socket->source.any, inet_length(&socket->source)))
		return fail_errno("could not bind a TCP socket to port %u", entry->src_port);
	TRY(set_number(fd, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP, "TCP_REPAIR"));
	/* Leaving repair mode turns it off, and a listener at this port is still to come. */
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) ? fail_errno("could not set SO_REUSEADDR")
										  : NULL;
}

static struct error *negotiate(const TcpStreamEntry *stream, int fd)
{
	struct tcp_repair_opt options[4];
	size_t count = 0;

	options[count++] = (struct tcp_repair_opt){ 2 /* MSS */, stream->mss_clamp };
	if (stream->opt_mask & TCPI_OPT_WSCALE)
		options[count++] =
		    (struct tcp_repair_opt){ 3 /* window scale */, stream->snd_wscale | stream->rcv_wscale << 16 };
	if (stream->opt_mask & TCPI_OPT_SACK)
		options[count++] = (struct tcp_repair_opt){ 4 /* SACK permitted */, 0 };
	if (stream->opt_mask & TCPI_OPT_TIMESTAMPS)
		options[count++] = (struct tcp_repair_opt){ 8 /* timestamps */, 0 };
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_OPTIONS, options, count * sizeof(options[0])))
		return fail_errno("could not set the options of a TCP connection");
	return stream->has_timestamp ? set_number(fd, TCP_TIMESTAMP, stream->timestamp, "TCP_TIMESTAMP") : NULL;
}

/* What a socket decides when it connects, by what it was told before; what is negotiated afterwards does not change it: how much
 * a segment holds, and that its windows are not scaled. */
static struct error *limit_before_connecting(const TcpStreamEntry *stream, int fd)
{
	int most = stream->mss_clamp < SEGMENT_MAX ? stream->mss_clamp : SEGMENT_MAX;

	if (most >= SEGMENT_MIN)
		TRY(set_number(fd, TCP_MAXSEG, most, "TCP_MAXSEG"));
	if (!(stream->opt_mask & TCPI_OPT_WSCALE))
		TRY(set_number(fd, TCP_WINDOW_CLAMP, UNSCALED_MAX, "TCP_WINDOW_CLAMP"));
	return NULL;
}

static struct error *connect_in_repair(const struct planned_inet *socket, int fd)
{
	char from[INET_TEXT], to[INET_TEXT];
	struct error *error;
	int number;

	TRY(limit_before_connecting(socket->stream, fd));
	if (!connect(fd, &socket->destination.any, inet_length(&socket->destination))) {
		TRY(set_number(fd, TCP_MAXSEG, 0, "TCP_MAXSEG"));
		return negotiate(socket->stream, fd);
	}
	number = errno;
	inet_text(&socket->source, from);
	inet_text(&socket->destination, to);
	error = fail_number(number, "could not restore the TCP connection %s - %s", from, to);
	return number == EADDRNOTAVAIL || number == EADDRINUSE
		   ? with_hint(error, "The connection still exists on this host, in another program or waiting for its "
				      "end: look with ss -tan.")
		   : with_hint(error, "There must be a route to the peer.");
}

struct error *tcp_connect(struct restore *restore, struct planned_file *file)
{
	const struct planned_inet *socket = file->kind_data;
	const InetSkEntry *entry = file->entry->isk;

	if (socket->stream)
		return entry->state == INET_SYN_SENT ? NULL : connect_in_repair(socket, file->fd);
	if (entry->state == INET_LISTENING && listen(file->fd, entry->backlog)) {
		char text[INET_TEXT];

		inet_text(&socket->source, text);
		return with_hint(fail_errno("could not listen on %s", text),
				 "Another program has this address: end it, or look for it with ss -lntp.");
	}
	return NULL;
}

/* ---- fill ---- */

static struct error *write_chunk(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t n = send(fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n <= 0)
			return fail_errno("could not fill a queue of a TCP connection");
		data += n;
		length -= n;
	}
	return NULL;
}

/* length bytes of the image into a queue. */
static struct error *write_queue(struct restore *restore, const InetSkEntry *entry, int fd, uint64_t offset,
				 size_t length)
{
	cleanup_close int image = -1;
	cleanup_free char *data = malloc(CHUNK);

	if (!length)
		return NULL;
	if (!data)
		return out_of_memory();
	TRY(image_open_raw(restore->criu->images, IMAGE_TCP_STREAM, entry->ino, O_RDONLY, &image));
	while (length) {
		size_t some = length < CHUNK ? length : CHUNK;

		TRY(pread_exactly(image, data, some, offset));
		TRY(write_chunk(fd, data, some));
		offset += some;
		length -= some;
	}
	return NULL;
}

/* Room for what is going to be written; the sizes of the image are set afterwards. */
static void make_room(int fd, int option, size_t length)
{
	int room = length > QUEUE_MAX / 4 ? QUEUE_MAX : (int)(length * 4 + (1 << 20));

	(void)setsockopt(fd, SOL_SOCKET, option, &room, sizeof(room));
}

/* What is sent later, as new data. Behind a FIN nothing can be: then all counts as sent, and is sent again. */
static size_t unsent(const InetSkEntry *entry, const TcpStreamEntry *stream)
{
	return has_closed(entry->state) ? 0 : stream->unsq_len;
}

/* received: the next number from the peer. The kernel wants a window that began before it. */
static struct error *set_window(const TcpStreamEntry *stream, uint32_t received, uint32_t least, int fd)
{
	struct tcp_repair_window window = { stream->snd_wl1, stream->snd_wnd, stream->max_window, stream->rcv_wnd,
					    stream->rcv_wup };

	if (!stream->has_snd_wnd)
		return NULL;
	if ((int32_t)(window.rcv_wup - received) > 0)
		window.rcv_wup = received;
	if (window.rcv_wnd < least)
		window.rcv_wnd = least;
	if ((int32_t)(window.snd_wl1 - (received + window.rcv_wnd)) > 0)
		window.snd_wl1 = received;
	return setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &window, sizeof(window))
		   ? fail_errno("could not set the windows of a TCP connection")
		   : NULL;
}

/* Only a packet brings urgent data: one that seems to come from the peer, with this byte. */
static struct error *hear_urgent(struct restore *restore, const InetSkEntry *entry, const struct planned_inet *socket, int fd)
{
	const TcpStreamEntry *stream = socket->stream;
	struct pollfd ready = { fd, POLLPRI, 0 };
	cleanup_close int image = -1;
	unsigned char byte;
	struct segment segment = { .from = socket->destination,
				   .to = socket->source,
				   .sequence = first_received(entry, stream) + stream->urgent_offset,
				   .acknowledged = first_sent(entry, stream),
				   .flags = SEGMENT_ACK | SEGMENT_URG,
				   .urgent = 1,
				   .data = &byte,
				   .data_length = 1 };

	TRY(image_open_raw(restore->criu->images, IMAGE_TCP_STREAM, entry->ino, O_RDONLY, &image));
	TRY(pread_exactly(image, &byte, 1, socket->stream_offset + stream->urgent_offset));
	TRY(set_window(stream, segment.sequence, CHUNK, fd));
	TRY(inject_segment(&segment));
	if (poll(&ready, 1, PATIENCE_MS) != 1)
		return with_hint(fail("urgent data does not come to a TCP socket"),
				 "Packets must be able to pass the loopback device of this network namespace.");
	if (stream->urgent_read && recv(fd, &byte, 1, MSG_OOB) != 1)
		return fail_errno("could not read urgent data of a TCP socket");
	return NULL;
}

static struct error *fill_received(struct restore *restore, const InetSkEntry *entry, const struct planned_inet *socket,
				   int fd)
{
	const TcpStreamEntry *stream = socket->stream;
	size_t done = 0;

	TRY(set_number(fd, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE, "TCP_REPAIR_QUEUE"));
	if (stream->has_urgent_offset) {
		TRY(write_queue(restore, entry, fd, socket->stream_offset, stream->urgent_offset));
		TRY(hear_urgent(restore, entry, socket, fd));
		done = stream->urgent_offset + 1;
	}
	return write_queue(restore, entry, fd, socket->stream_offset + done, stream->inq_len - done);
}

static struct error *fill_queues(struct restore *restore, const InetSkEntry *entry, const struct planned_inet *socket,
				 int fd)
{
	const TcpStreamEntry *stream = socket->stream;

	make_room(fd, SO_RCVBUFFORCE, stream->inq_len);
	make_room(fd, SO_SNDBUFFORCE, stream->outq_len);
	TRY(fill_received(restore, entry, socket, fd));
	TRY(set_number(fd, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE, "TCP_REPAIR_QUEUE"));
	return write_queue(restore, entry, fd, socket->stream_offset + stream->inq_len,
			   stream->outq_len - unsent(entry, stream));
}

struct error *tcp_await_state(int fd, uint32_t wanted)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	for (int i = 0; i < STATE_TRIES; i++) {
		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length))
			return fail_errno("could not read the state of a TCP socket");
		if (info.tcpi_state == wanted)
			return NULL;
		usleep(STATE_PAUSE_US);
	}
	return with_hint(fail("a TCP connection has the state %u instead of %u", info.tcpi_state, wanted),
			 "Packets must be able to pass the loopback device of this network namespace.");
}

static struct error *hear(const InetSkEntry *entry, const struct planned_inet *socket, int fd, uint8_t flags,
			  bool acknowledged, uint32_t wanted)
{
	const TcpStreamEntry *stream = socket->stream;
	bool peer_done = peer_has_closed(entry->state) && !(flags & (SEGMENT_FIN | SEGMENT_RST));
	struct segment segment = {
		.from = socket->destination,
		.to = socket->source,
		.sequence = first_received(entry, stream) + stream->inq_len + peer_done,
		.acknowledged = acknowledged ? stream->outq_seq : first_sent(entry, stream),
		.flags = flags | SEGMENT_ACK,
	};

	TRY(inject_segment(&segment));
	return tcp_await_state(fd, wanted);
}

static struct error *close_sending(int fd, uint32_t wanted)
{
	if (shutdown(fd, SHUT_WR))
		return fail_errno("could not close a TCP connection");
	return tcp_await_state(fd, wanted);
}

/* From established to where it was. */
static struct error *reach_state(const InetSkEntry *entry, const struct planned_inet *socket, int fd)
{
	switch (entry->state) {
	case INET_FIN_WAIT1:
		return close_sending(fd, INET_FIN_WAIT1);
	case INET_FIN_WAIT2:
		TRY(close_sending(fd, INET_FIN_WAIT1));
		return hear(entry, socket, fd, 0, true, INET_FIN_WAIT2);
	case INET_CLOSING:
		TRY(close_sending(fd, INET_FIN_WAIT1));
		return hear(entry, socket, fd, SEGMENT_FIN, false, INET_CLOSING);
	case INET_CLOSE_WAIT:
		return hear(entry, socket, fd, SEGMENT_FIN, false, INET_CLOSE_WAIT);
	case INET_LAST_ACK:
		TRY(hear(entry, socket, fd, SEGMENT_FIN, false, INET_CLOSE_WAIT));
		return close_sending(fd, INET_LAST_ACK);
	case INET_CLOSED:
		if (entry->reset)
			return hear(entry, socket, fd, SEGMENT_RST, false, INET_CLOSED);
		TRY(hear(entry, socket, fd, SEGMENT_FIN, false, INET_CLOSE_WAIT));
		TRY(close_sending(fd, INET_LAST_ACK));
		return hear(entry, socket, fd, 0, true, INET_CLOSED);
	}
	return NULL;
}

static struct error *fill_connection(struct restore *restore, const InetSkEntry *entry,
				     const struct planned_inet *socket, int fd)
{
	const TcpStreamEntry *stream = socket->stream;
	uint32_t received = first_received(entry, stream) + stream->inq_len;

	TRY(fill_queues(restore, entry, socket, fd));
	if (peer_has_closed(entry->state))
		TRY(set_window(stream, received, CHUNK, fd));
	TRY(reach_state(entry, socket, fd));
	if (entry->state == INET_CLOSED)
		return NULL;
	TRY(set_window(stream, stream->inq_seq, 0, fd));
	return set_number(fd, TCP_REPAIR_QUEUE, TCP_NO_QUEUE, "TCP_REPAIR_QUEUE");
}

/* In older images they are elsewhere. */
static struct error *set_options(const InetSkEntry *entry, const TcpStreamEntry *stream, int fd)
{
	const SkOptsEntry *old = entry->opts;
	TcpOptsEntry now = TCP_OPTS_ENTRY__INIT;

	if (entry->tcp_opts)
		now = *entry->tcp_opts;
	if (now.cork || (stream && stream->cork))
		TRY(set_number(fd, CORK, 1, "TCP_CORK"));
	if (now.nodelay || (stream && stream->nodelay))
		TRY(set_number(fd, TCP_NODELAY, 1, "TCP_NODELAY"));
	if (now.keepcnt ?: old->tcp_keepcnt)
		TRY(set_number(fd, TCP_KEEPCNT, now.keepcnt ?: old->tcp_keepcnt, "TCP_KEEPCNT"));
	if (now.keepidle ?: old->tcp_keepidle)
		TRY(set_number(fd, TCP_KEEPIDLE, now.keepidle ?: old->tcp_keepidle, "TCP_KEEPIDLE"));
	if (now.keepintvl ?: old->tcp_keepintvl)
		TRY(set_number(fd, TCP_KEEPINTVL, now.keepintvl ?: old->tcp_keepintvl, "TCP_KEEPINTVL"));
	return NULL;
}

/* A connection that is gone reads as ended. */
static struct error *shut_down(const InetSkEntry *entry, int fd, bool closed)
{
	static const int how[] = { 0, SHUT_RD, SHUT_WR, SHUT_RDWR };
	uint32_t wanted = closed ? INET_SHUT_RECEIVE | INET_SHUT_SEND : entry->has_shutdown ? entry->shutdown & 3 : 0;

	if (wanted && shutdown(fd, how[wanted]) && errno != ENOTCONN)
		return fail_errno("could not shut down a TCP socket");
	return NULL;
}

struct error *tcp_fill(struct restore *restore, struct planned_file *file)
{
	const struct planned_inet *socket = file->kind_data;
	const InetSkEntry *entry = file->entry->isk;

	if (socket->stream && entry->state != INET_SYN_SENT)
		TRY(fill_connection(restore, entry, socket, file->fd));
	TRY(set_options(entry, socket->stream, file->fd));
	if (socket->stream)
		TRY(tcp_signed_restore(entry, file->fd));
	if (!socket->stream)
		return shut_down(entry, file->fd, is_connected(entry));
	/* Received all that comes, but the peer has not closed: shutdown(SHUT_RD) */
	if (entry->has_shutdown && entry->shutdown & INET_SHUT_RECEIVE && !peer_has_closed(entry->state) &&
	    shutdown(file->fd, SHUT_RD))
		return fail_errno("could not shut down a TCP socket");
	return NULL;
}

/* ---- finish ---- */

static struct error *leave_repair(const InetSkEntry *entry, int fd, int how)
{
	int reuse = entry->opts->reuseaddr;

	TRY(set_number(fd, TCP_REPAIR, how, "TCP_REPAIR"));
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse)) ? fail_errno("could not set SO_REUSEADDR")
									       : NULL;
}

/* The same number as before, should the peer have got the first packet already. */
static struct error *connect_again(const InetSkEntry *entry, const struct planned_inet *socket, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	TRY(leave_repair(entry, fd, TCP_REPAIR_OFF_NO_WP));
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return fail_errno("could not change the flags of a socket");
	if (connect(fd, &socket->destination.any, inet_length(&socket->destination)) && errno != EINPROGRESS)
		return fail_errno("could not go on connecting a TCP socket");
	return fcntl(fd, F_SETFL, flags) ? fail_errno("could not change the flags of a socket") : NULL;
}

struct error *tcp_finish(struct restore *restore, struct planned_file *file, int fd)
{
	const struct planned_inet *socket = file->kind_data;
	const InetSkEntry *entry = file->entry->isk;
	size_t rest = unsent(entry, socket->stream);

	if (entry->state == INET_SYN_SENT)
		return connect_again(entry, socket, fd);
	TRY(leave_repair(entry, fd, TCP_REPAIR_OFF));
	if (!rest)
		return NULL;
	make_room(fd, SO_SNDBUFFORCE, socket->stream->outq_len);
	TRY(write_queue(restore, entry, fd,
			socket->stream_offset + socket->stream->inq_len + socket->stream->outq_len - rest, rest));
	return socket_sizes_restore(entry->opts, fd);
}
