// SPDX-License-Identifier: GPL-2.0
/*
 * inet: sockets of AF_INET and AF_INET6. What all of them have is here: addresses, options, and the order in which
 * they come back. tcp.c has connections, datagram.c the rest.
 *
 *   create    all are bound, as if each allowed others at its address
 *   connect   listeners listen, then connections are made
 *   fill      queues, then the options as they were
 */
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/plan.h"
#include "model/context.h"
#include "sockets/inet.h"
#include "sockets/more_options.h"
#include "sockets/options.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"
#include "support/options.h"

enum { PROTOCOL_MPTCP = 262 };

/* ---- dump ---- */

static struct error *check_protocol(const InetSkEntry *entry)
{
	if (entry->type == SOCK_RAW)
		return NULL;
	switch (entry->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return NULL;
	case PROTOCOL_MPTCP:
		return with_hint(fail("the socket is a Multipath TCP socket, which cannot be saved"),
				 "Let the program use plain TCP (for Go programs: GODEBUG=multipathtcp=0).");
	case IPPROTO_SCTP:
		return with_hint(fail("the socket is an SCTP socket, which cannot be saved"),
				 "Close it before the dump.");
	}
	return with_hint(fail("the socket has the protocol %u, which cannot be saved", entry->proto),
			 "Close it before the dump.");
}

static bool has_no_ports(const InetSkEntry *entry)
{
	return entry->type == SOCK_RAW || entry->proto == IPPROTO_ICMP || entry->proto == IPPROTO_ICMPV6;
}

static struct error *dump_names(struct dump *dump, int fd, InetSkEntry *entry)
{
	union inet_address source = { 0 }, destination = { 0 };
	socklen_t length = sizeof(source);
	char device[IF_NAMESIZE];
	unsigned scope;

	if (getsockname(fd, &source.any, &length))
		return fail_errno("could not read the socket's name");
	length = sizeof(destination);
	entry->state = INET_ESTABLISHED;
	if (getpeername(fd, &destination.any, &length) &&
	    !(has_no_ports(entry) &&
	      raw_find_peer(entry->family, entry->type == SOCK_RAW, entry->ino, &destination))) {
		entry->state = INET_CLOSED;
		memset(&destination, 0, sizeof(destination));
		destination.any.sa_family = entry->family;
	}
	scope = source.any.sa_family == AF_INET6 ? source.v6.sin6_scope_id ?: destination.v6.sin6_scope_id : 0;
	if (scope && if_indextoname(scope, device))
		entry->ifname = arena_string(dump->arena, device);
	entry->src_port = ntohs(inet_port(&source));
	entry->dst_port = ntohs(inet_port(&destination));
	entry->src_addr = inet_words(dump->arena, &source, &entry->n_src_addr);
	entry->dst_addr = inet_words(dump->arena, &destination, &entry->n_dst_addr);
	return NULL;
}

static bool get_number(int fd, int level, int option, int *value)
{
	socklen_t length = sizeof(*value);

	*value = 0;
	return !getsockopt(fd, level, option, value, &length);
}

static void dump_raw_options(struct dump *dump, int fd, InetSkEntry *entry)
{
	IpOptsRawEntry *raw = entry->ip_opts->raw = new_message(dump->arena, ip_opts_raw_entry);
	bool v4 = entry->family == AF_INET;
	uint32_t words[8];
	socklen_t length = sizeof(words);
	int value;

	if (get_number(fd, IPPROTO_IP, IP_HDRINCL, &value) && value)
		SET(raw, hdrincl, true);
	if (get_number(fd, IPPROTO_IP, IP_NODEFRAG, &value) && value)
		SET(raw, nodefrag, true);
	if (getsockopt(fd, v4 ? 255 : IPPROTO_ICMPV6, 1, words, &length))
		return;
	raw->n_icmpv_filter = length / sizeof(uint32_t);
	raw->icmpv_filter = arena_copy(dump->arena, words, length);
}

/* Those that the image format knows; more_options has all, for us. */
static void dump_known_options(struct dump *dump, int fd, InetSkEntry *entry)
{
	IpOptsEntry *options = entry->ip_opts = new_message(dump->arena, ip_opts_entry);
	bool v4 = entry->family == AF_INET;
	int value;

	if (get_number(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_FREEBIND : 78, &value) && value)
		SET(options, freebind, true);
	if (get_number(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, &value) && value)
		SET(options, pktinfo, true);
	if (v4 && get_number(fd, IPPROTO_IP, IP_TOS, &value))
		SET(options, tos, value);
	if (v4 && get_number(fd, IPPROTO_IP, IP_TTL, &value))
		SET(options, ttl, value);
	if (!v4 && get_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value))
		SET(entry, v6only, value);
	if (entry->type == SOCK_RAW)
		dump_raw_options(dump, fd, entry);
}

/* Connections that are kept are many, perhaps, and stay open anyway. */
static struct error *dump_options(struct dump *dump, const struct open_fd *fd, InetSkEntry *entry)
{
	const struct fresh_socket *fresh;

	dump_known_options(dump, fd->fd, entry);
	if (entry->proto != IPPROTO_TCP || entry->type != SOCK_STREAM || !dump->criu->options->tcp_established) {
		TRY(socket_options_dump(dump, fd->fd, &entry->opts));
		return more_options_dump(dump, fd->fd, entry->family, entry->type, entry->proto, entry->opts);
	}
	files_hold(dump, fd);
	TRY(more_options_fresh(dump, entry->family, entry->type, entry->proto, &fresh));
	return socket_options_dump_later(dump, fd->fd, fresh, &entry->opts);
}

static struct error *dump_socket(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	InetSkEntry *entry = out->isk = new_message(dump->arena, inet_sk_entry);

	entry->id = fd->id;
	entry->ino = fd->stat.st_ino;
	entry->family = fd->socket_family;
	entry->type = fd->socket_type;
	entry->proto = fd->socket_protocol;
	if (fd->stat.st_uid)
		SET(entry, owner, fd->stat.st_uid);
	SET(entry, ns_id, fd->task->ids->net_ns_id);
	TRY(check_protocol(entry));
	TRY(dump_names(dump, fd->fd, entry));
	TRY(dump_options(dump, fd, entry));
	return entry->proto == IPPROTO_TCP && entry->type == SOCK_STREAM ? tcp_dump(dump, fd, entry)
									 : datagram_dump(dump, fd, entry);
}

static struct error *dump_late(struct dump *dump)
{
	TRY(socket_options_join(dump));
	return dump->files->inet_sockets ? tcp_dump_late(dump) : NULL;
}

static struct error *write_streams(struct dump *dump)
{
	return dump->files->inet_sockets ? tcp_write(dump) : NULL;
}

/* ---- restore ---- */

static bool is_stream(const InetSkEntry *entry)
{
	return entry->proto == IPPROTO_TCP && entry->type == SOCK_STREAM;
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const InetSkEntry *entry = file->entry->isk;
	struct planned_inet *socket;

	if (file->kind_data)
		return NULL;
	if (entry->family != AF_INET && entry->family != AF_INET6)
		return fail("the image is damaged: internet socket %u has the family %u", entry->ino, entry->family);
	file->kind_data = socket = arena_new(restore->arena, struct planned_inet);
	file->rank = 1;
	TRY(check_protocol(entry));
	TRY(more_options_check(entry->opts));
	TRY(tcp_signed_check(entry));
	if (entry->n_waiting && !(is_stream(entry) && entry->state == INET_LISTENING))
		return fail("the image is damaged: connections wait at socket %u, which does not listen", entry->ino);
	TRY(inet_source(entry, &socket->source));
	TRY(inet_destination(entry, &socket->destination));
	if (is_stream(entry))
		return tcp_plan(restore, file);
	return queue_plan(restore, file->entry->id, &socket->packets, &socket->packet_count);
}

/* Sockets for pings may only be made by users of some groups. */
static int new_socket(const InetSkEntry *entry)
{
	int fd = socket(entry->family, entry->type | SOCK_CLOEXEC, entry->proto);
	cleanup_free char *text = NULL;
	struct error *error;
	gid_t before = getegid();

	if (fd >= 0 || errno != EACCES)
		return fd;
	error = read_file_at(AT_FDCWD, "/proc/sys/net/ipv4/ping_group_range", &text, NULL);
	if (!error && !setegid(strtoul(text, NULL, 10))) {
		fd = socket(entry->family, entry->type | SOCK_CLOEXEC, entry->proto);
		if (setegid(before))
			abort();
	}
	error_free(error);
	return fd;
}

static struct error *set_number(int fd, int level, int option, int value, const char *name)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ? fail_errno("could not set %s", name) : NULL;
}

static struct error *set_raw_options(const IpOptsRawEntry *raw, int fd, bool v4)
{
	if (raw->hdrincl)
		TRY(set_number(fd, IPPROTO_IP, IP_HDRINCL, 1, "IP_HDRINCL"));
	if (raw->nodefrag)
		TRY(set_number(fd, IPPROTO_IP, IP_NODEFRAG, 1, "IP_NODEFRAG"));
	if (raw->n_icmpv_filter && setsockopt(fd, v4 ? 255 : IPPROTO_ICMPV6, 1, raw->icmpv_filter,
					      raw->n_icmpv_filter * sizeof(uint32_t)))
		return fail_errno("could not set the filter of ICMP types");
	return NULL;
}

/* What an image without our own fields has. */
static struct error *set_known_options(const InetSkEntry *entry, int fd)
{
	const IpOptsEntry *options = entry->ip_opts;
	bool v4 = entry->family == AF_INET;

	if (entry->has_v6only && entry->type != SOCK_RAW) /* those cannot change it */
		TRY(set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, entry->v6only, "IPV6_V6ONLY"));
	if (!options)
		return NULL;
	if (options->freebind)
		TRY(set_number(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_FREEBIND : 78, 1, "IP_FREEBIND"));
	if (options->pktinfo)
		TRY(set_number(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, 1,
			       "IP_PKTINFO"));
	if (options->has_tos && options->tos)
		TRY(set_number(fd, IPPROTO_IP, IP_TOS, options->tos, "IP_TOS"));
	return options->raw ? set_raw_options(options->raw, fd, v4) : NULL;
}

static bool is_bound(const InetSkEntry *entry)
{
	for (size_t i = 0; i < entry->n_src_addr; i++)
		if (entry->src_addr[i])
			return true;
	return entry->src_port && entry->type != SOCK_RAW;
}

static struct error *bind_socket(const InetSkEntry *entry, const struct planned_inet *socket, int fd)
{
	union inet_address source = socket->source;
	char text[INET_TEXT];
	struct error *error;

	if (!is_bound(entry))
		return NULL;
	if (entry->type == SOCK_RAW && entry->family == AF_INET)
		source.v4.sin_port = 0;
	if (!bind(fd, &source.any, inet_length(&source)))
		return NULL;
	if (errno == EADDRINUSE && is_stream(entry)) {
		TRY(time_wait_forget(inet_port(&source)));
		if (!bind(fd, &source.any, inet_length(&source)))
			return NULL;
	}
	inet_text(&source, text);
	error = fail_errno("could not bind the socket to %s", text);
	if (errno == EADDRINUSE)
		return with_hint(error, "Another program has this address: end it, or look for it with ss -lntup.");
	return errno == EADDRNOTAVAIL ? with_hint(error, "This host needs the address that the program used.") : error;
}

static struct error *make(struct restore *restore, struct planned_file *file, int fd)
{
	const InetSkEntry *entry = file->entry->isk;
	const struct planned_inet *socket = file->kind_data;
	const SkOptsEntry *options = entry->opts;

	if (entry->owner && fchown(fd, entry->owner, -1))
		log_warning("could not give socket %u to user %u", entry->ino, entry->owner);
	TRY(set_known_options(entry, fd));
	TRY(more_options_restore(options, fd, OPTION_BEFORE_BIND));
	TRY(set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"));
	if (options->so_reuseport)
		TRY(set_number(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"));
	if (socket->stream)
		return tcp_create(file, fd);
	TRY(tcp_signed_restore(entry, fd));
	if (options->so_bound_dev && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->so_bound_dev,
						strlen(options->so_bound_dev)))
		return fail_errno("could not bind the socket to the device %s", options->so_bound_dev);
	return is_stream(entry) && tcp_is_over(entry) ? tcp_bind_over(entry, socket, fd)
						      : bind_socket(entry, socket, fd);
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	*ret_fd = new_socket(file->entry->isk);
	return *ret_fd < 0 ? fail_errno("could not make a socket") : make(restore, file, *ret_fd);
}

static struct error *connect_socket(struct restore *restore, struct planned_file *file)
{
	const InetSkEntry *entry = file->entry->isk;

	if (is_stream(entry))
		return tcp_connect(restore, file);
	TRY(datagram_connect(entry, file->kind_data, file->fd));
	return multicast_restore(entry, file->fd);
}

static struct error *fill(struct restore *restore, struct planned_file *file)
{
	const struct planned_inet *socket = file->kind_data;
	const InetSkEntry *entry = file->entry->isk;

	if (is_stream(entry))
		TRY(tcp_fill(restore, file));
	else
		TRY(datagram_fill(restore, entry, socket, file->fd));
	if (!socket->stream)
		TRY(set_number(file->fd, SOL_SOCKET, SO_REUSEADDR, entry->opts->reuseaddr, "SO_REUSEADDR"));
	TRY(socket_options_restore(entry->opts, file->fd));
	TRY(more_options_restore(entry->opts, file->fd, OPTION_AT_THE_END));
	TRY(more_options_restore(entry->opts, file->fd, OPTION_LAST));
	return entry->n_waiting ? tcp_waiting_restore(restore, entry, file->fd) : NULL;
}

static struct error *finish(struct restore *restore, struct planned_file *file, int fd)
{
	return tcp_finish(restore, file, fd);
}

const struct file_kind inet_socket_kind = {
	.name = "inet_socket",
	.type = FD_TYPES__INETSK,
	.entry = offsetof(FileEntry, isk),
	.match = { .socket_family = AF_INET },
	.dump = dump_socket,
	.dump_late = dump_late,
	.write = write_streams,
	.plan = plan,
	.create = create,
	.connect = connect_socket,
	.fill = fill,
	.finish = finish,
};

/* Images do not tell the families apart: the row above restores both. */
const struct file_kind inet6_socket_kind = {
	.name = "inet6_socket",
	.type = FD_TYPES__INETSK,
	.entry = offsetof(FileEntry, isk),
	.match = { .socket_family = AF_INET6 },
	.dump = dump_socket,
};
