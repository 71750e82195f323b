// SPDX-License-Identifier: GPL-2.0
/*
 * tcp_waiting: connections that a listener has not accepted yet, dump. No descriptor leads to them, and accepting one
 * could not be taken back. So nobody looks into them: sock_diag(7) tells that nothing has come in yet, and a
 * packet that they have to answer, as if from the client, makes them tell their numbers. Main, tree frozen.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/inet_diag.h>
#include <linux/tcp.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>

#include "files/collection.h"
#include "kernel/diag.h"
#include "kernel/features.h"
#include "model/context.h"
#include "sockets/inet.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"
#include "support/options.h"

enum { TRIES = 5, PATIENCE_MS = 50, ANSWER_BYTES = 256, OPTION_END = 0, OPTION_NOTHING = 1, OPTION_TIMESTAMP = 8, TIMESTAMP_LENGTH = 12 };

struct tcp_listener {
	InetSkEntry *entry;
	union inet_address address;
	uint32_t left; /* connections of its queue that were not found yet */
};

struct tcp_waiting {
	union inet_address local, remote;
	uint32_t state, unread;
	struct tcp_info info;
	WaitingConnectionEntry *entry; /* once its listener is found */
};

/* ---- what the kernel says of one ---- */

struct error *tcp_find(const union inet_address *local, const union inet_address *remote, diag_take take, void *argument,
		       bool *ret_found)
{
	struct inet_diag_req_v2 request = { .sdiag_family = local->any.sa_family,
					    .sdiag_protocol = IPPROTO_TCP,
					    .idiag_states = -1,
					    .idiag_ext = 1 << (INET_DIAG_INFO - 1),
					    .id = { .idiag_sport = inet_port(local),
						    .idiag_dport = inet_port(remote),
						    .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } } };
	unsigned char bytes[18];

	memcpy(request.id.idiag_src, bytes, inet_pack(local, bytes) - 2);
	memcpy(request.id.idiag_dst, bytes, inet_pack(remote, bytes) - 2);
	return diag_find(&request, sizeof(request), "a TCP connection", take, argument, ret_found);
}

void tcp_take_info(const struct nlmsghdr *answer, struct tcp_info *info)
{
	const struct rtattr *attribute = diag_attribute(answer, sizeof(struct inet_diag_msg), INET_DIAG_INFO);
	size_t length = attribute ? RTA_PAYLOAD(attribute) : 0;

	memset(info, 0, sizeof(*info));
	if (attribute)
		memcpy(info, RTA_DATA(attribute), length < sizeof(*info) ? length : sizeof(*info));
}

/* ---- which there are ---- */

static const char hint[] = "Dump when the program has accepted it, or use --skip-in-flight to leave it out.";

struct error *tcp_waiting_possible(const struct criu *criu)
{
	struct kernel *kernel;
	struct error *error;

	TRY(kernel_open(criu->options->unprivileged, &kernel));
	error = kernel_feature(kernel, FEATURE_tcp_time_wait);
	kernel_close(kernel);
	return error;
}

struct error *tcp_waiting_note(struct dump *dump, const struct open_fd *fd, InetSkEntry *entry, uint32_t count)
{
	struct inet_collection *all = inet_collection(dump);
	struct tcp_listener *listener;
	socklen_t length = sizeof(listener->address);

	if (dump->criu->options->skip_in_flight) {
		log_warning("%u connections that wait on port %u are left out", count, entry->src_port);
		return NULL;
	}
	if (!dump->criu->options->tcp_established)
		return as_passing(with_hint(
		    fail("%u connections wait to be accepted by the socket that listens on port %u", count, entry->src_port),
		    "Use --tcp-established, at dump and at restore, to keep them, --skip-in-flight to leave them out, or dump "
		    "when the program has accepted them."));
	if (entry->opts->so_bound_dev)
		return as_passing(with_hint(fail("a connection waits to be accepted by the socket that listens on port %u of the "
						 "device %s only",
						 entry->src_port, entry->opts->so_bound_dev),
					    hint));
	if (entry->n_md5_keys)
		return as_passing(with_hint(fail("a connection waits to be accepted by the socket that listens on port %u and wants "
						 "signed packets (TCP_MD5SIG)",
						 entry->src_port),
					    hint));
	listener = arena_append(dump->arena, all->listeners, all->listener_count, all->listener_capacity);
	*listener = (struct tcp_listener){ .entry = entry, .left = count };
	return getsockname(fd->fd, &listener->address.any, &length) ? fail_errno("could not read the socket's name") : NULL;
}

static void take_address(const struct inet_diag_msg *message, const __be32 *words, __be16 port, union inet_address *address)
{
	memset(address, 0, sizeof(*address));
	address->any.sa_family = message->idiag_family;
	if (message->idiag_family == AF_INET) {
		address->v4.sin_port = port;
		memcpy(&address->v4.sin_addr, words, 4);
		return;
	}
	address->v6.sin6_port = port;
	memcpy(&address->v6.sin6_addr, words, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&address->v6.sin6_addr))
		address->v6.sin6_scope_id = message->id.idiag_if;
}

static bool has_port(const struct inet_collection *all, uint16_t port)
{
	for (size_t i = 0; i < all->listener_count; i++)
		if (inet_port(&all->listeners[i].address) == port)
			return true;
	return false;
}

static struct error *take(void *argument, const struct nlmsghdr *answer)
{
	const struct inet_diag_msg *message = NLMSG_DATA(answer);
	struct dump *dump = argument;
	struct inet_collection *all = dump->files->inet_sockets;
	struct tcp_waiting *waiting;

	if (message->idiag_inode || !has_port(all, message->id.idiag_sport))
		return NULL;
	waiting = arena_append(dump->arena, all->waiting, all->waiting_count, all->waiting_capacity);
	*waiting = (struct tcp_waiting){ .state = message->idiag_state, .unread = message->idiag_rqueue };
	take_address(message, message->id.idiag_src, message->id.idiag_sport, &waiting->local);
	take_address(message, message->id.idiag_dst, message->id.idiag_dport, &waiting->remote);
	inet_unmap(&waiting->local);
	inet_unmap(&waiting->remote);
	tcp_take_info(answer, &waiting->info);
	return NULL;
}

static struct error *list_all(struct dump *dump)
{
	/* A connection in these states that no descriptor leads to was not accepted: closing one changes its state. */
	struct inet_diag_req_v2 request = { .sdiag_protocol = IPPROTO_TCP,
					    .idiag_states = 1 << INET_ESTABLISHED | 1 << INET_CLOSE_WAIT,
					    .idiag_ext = 1 << (INET_DIAG_INFO - 1) };

	request.sdiag_family = AF_INET;
	TRY(diag_dump(&request, sizeof(request), "TCP sockets", take, dump, NULL));
	request.sdiag_family = AF_INET6;
	return diag_dump(&request, sizeof(request), "TCP sockets", take, dump, NULL);
}

/* The longest first: the queue's order, as far as the kernel tells it, which is in its ticks. */
static int compare_ages(const void *a, const void *b)
{
	uint32_t one = ((const struct tcp_waiting *)a)->info.tcpi_last_ack_recv;
	uint32_t other = ((const struct tcp_waiting *)b)->info.tcpi_last_ack_recv;

	return (one < other) - (one > other);
}

static bool is_any(const union inet_address *address)
{
	return address->any.sa_family == AF_INET ? !address->v4.sin_addr.s_addr
						 : IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

/* How well the listener's address fits: the kernel takes the best. 0: not at all. */
static int fits(const struct tcp_listener *listener, const union inet_address *local)
{
	union inet_address address = listener->address;
	unsigned char bytes[18], wanted[18];
	size_t length;

	inet_unmap(&address);
	if (!listener->left || inet_port(&address) != inet_port(local))
		return 0;
	if (is_any(&address))
		return address.any.sa_family == local->any.sa_family ? 2 : address.any.sa_family == AF_INET6;
	length = inet_pack(&address, bytes);
	return length == inet_pack(local, wanted) && !memcmp(bytes, wanted, length) ? 3 : 0;
}

static struct tcp_listener *find_listener(struct inet_collection *all, const union inet_address *local)
{
	struct tcp_listener *best = NULL;

	for (size_t i = 0; i < all->listener_count; i++)
		if (fits(&all->listeners[i], local) > (best ? fits(best, local) : 0))
			best = &all->listeners[i];
	return best;
}

static void add_entry(struct dump *dump, struct tcp_listener *listener, struct tcp_waiting *waiting)
{
	InetSkEntry *entry = listener->entry;

	if (!entry->waiting)
		entry->waiting = arena_array(dump->arena, WaitingConnectionEntry *, listener->left);
	waiting->entry = entry->waiting[entry->n_waiting++] = new_message(dump->arena, waiting_connection_entry);
	listener->left--;
}

static struct error *refuse(const struct tcp_waiting *waiting, const char *why)
{
	char from[INET_TEXT], to[INET_TEXT];

	inet_text(&waiting->remote, from);
	inet_text(&waiting->local, to);
	return as_passing(with_hint(fail("the connection from %s waits to be accepted at %s, %s", from, to, why), hint));
}

/* All connections of all queues, or there are some whose listener is another program's, or that were reset. */
static struct error *assign(struct dump *dump, struct inet_collection *all)
{
	for (size_t i = 0; i < all->waiting_count; i++) {
		struct tcp_waiting *waiting = &all->waiting[i];
		struct tcp_listener *listener = find_listener(all, &waiting->local);

		if (!listener)
			return refuse(waiting, "perhaps by another program");
		if (waiting->unread != (waiting->state == INET_CLOSE_WAIT)) /* a FIN counts */
			return refuse(waiting, "and has sent data already, which nobody can read before that");
		add_entry(dump, listener, waiting);
	}
	for (size_t i = 0; i < all->listener_count; i++)
		if (all->listeners[i].left)
			return as_passing(with_hint(fail("a connection that waits to be accepted on port %u has ended already",
							 all->listeners[i].entry->src_port),
						    hint));
	return NULL;
}

/* The next boot may have another kernel, but a dump must not end what cannot be brought back here. */
static struct error *check_kernel(const struct dump *dump, const struct inet_collection *all)
{
	struct error *error = tcp_waiting_possible(dump->criu);

	if (!error)
		return NULL;
	error_free(error);
	return refuse(&all->waiting[0], "which kernels before Linux 6.10 cannot bring back");
}

struct error *tcp_waiting_find(struct dump *dump)
{
	struct inet_collection *all = dump->files->inet_sockets;

	if (!all->listener_count)
		return NULL;
	TRY(list_all(dump));
	if (all->waiting_count)
		qsort(all->waiting, all->waiting_count, sizeof(*all->waiting), compare_ages);
	TRY(assign(dump, all));
	return all->waiting_count ? check_kernel(dump, all) : NULL;
}

/* ---- their numbers ---- */

/* Of packets, those between the two ports. They begin with their IP headers. */
static struct error *listen_for(int fd, const struct tcp_waiting *waiting)
{
	uint32_t ports = ntohs(inet_port(&waiting->local)) << 16 | ntohs(inet_port(&waiting->remote));
	struct sock_filter v4[] = { BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0),
				    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ports, 0, 1), BPF_STMT(BPF_RET | BPF_K, ANSWER_BYTES),
				    BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_filter v6[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sizeof(struct ip6_hdr)), v4[2], v4[3], v4[4] };
	bool is_v4 = waiting->local.any.sa_family == AF_INET;
	struct sock_fprog filter = { is_v4 ? 5 : 4, is_v4 ? v4 : v6 };
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return fail_errno("could not listen for packets");
	return NULL;
}

/*
 * A byte outside of the window must be answered, and changes nothing. As the window is not known, the numbers are random.
 * Should it be inside after all, what it acknowledges is wrong, and it is dropped without an answer.
 */
static struct error *provoke(const struct tcp_waiting *waiting)
{
	struct segment segment = { .from = waiting->remote,
				   .to = waiting->local,
				   .flags = SEGMENT_ACK,
				   .data = (const unsigned char *)"",
				   .data_length = 1 };
	uint32_t numbers[2];

	if (getrandom(numbers, sizeof(numbers), 0) != sizeof(numbers))
		return fail_errno("could not get a random number");
	segment.sequence = numbers[0];
	segment.acknowledged = numbers[1];
	return inject_segment(&segment);
}

static uint32_t timestamp_of_peer(const unsigned char *option, const unsigned char *end)
{
	uint32_t value;

	while (option < end && *option != OPTION_END) {
		if (*option == OPTION_NOTHING) {
			option++;
			continue;
		}
		if (end - option < 2 || option[1] < 2 || option[1] > end - option)
			break;
		if (*option == OPTION_TIMESTAMP && option[1] == 10) {
			memcpy(&value, option + 6, sizeof(value));
			return ntohl(value);
		}
		option += option[1];
	}
	return 0;
}

/* Is this packet its answer? Then its numbers are known. */
static bool understand(struct tcp_waiting *waiting, const unsigned char *packet, size_t length)
{
	const struct iphdr *v4 = (const struct iphdr *)packet;
	const struct ip6_hdr *v6 = (const struct ip6_hdr *)packet;
	bool is_v4 = waiting->local.any.sa_family == AF_INET;
	size_t head = is_v4 ? v4->ihl * 4 : sizeof(*v6), address_length = is_v4 ? 4 : 16;
	const struct tcphdr *tcp = (const struct tcphdr *)(packet + head);
	const unsigned char *from = is_v4 ? (const void *)&v4->saddr : &v6->ip6_src;
	unsigned char local[18], remote[18];

	if (length < head + sizeof(*tcp) || length < head + tcp->doff * 4 || v4->version != (is_v4 ? 4 : 6) ||
	    (is_v4 ? v4->protocol : v6->ip6_nxt) != IPPROTO_TCP || !tcp->ack || tcp->syn || tcp->rst)
		return false;
	inet_pack(&waiting->local, local);
	inet_pack(&waiting->remote, remote);
	if (memcmp(from, local, address_length) || memcmp(from + address_length, remote, address_length) ||
	    tcp->source != inet_port(&waiting->local) || tcp->dest != inet_port(&waiting->remote))
		return false;
	SET(waiting->entry, sent, ntohl(tcp->seq));
	SET(waiting->entry, received, ntohl(tcp->ack_seq));
	SET(waiting->entry, timestamp, timestamp_of_peer((const unsigned char *)(tcp + 1), packet + head + tcp->doff * 4));
	return true;
}

static bool hear(int fd, struct tcp_waiting *waiting)
{
	unsigned char packet[ANSWER_BYTES] __attribute__((aligned(4)));
	struct pollfd ready = { fd, POLLIN, 0 };

	while (poll(&ready, 1, PATIENCE_MS) > 0) {
		ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);

		if (n > (ssize_t)sizeof(struct iphdr) && understand(waiting, packet, n))
			return true;
	}
	return false;
}

static struct error *ask(int fd, struct tcp_waiting *waiting)
{
	TRY(listen_for(fd, waiting));
	for (int i = 0; i < TRIES; i++) {
		TRY(provoke(waiting));
		if (hear(fd, waiting))
			return NULL;
	}
	return refuse(waiting, "but does not answer packets over the loopback device");
}

static void describe(struct dump *dump, struct tcp_waiting *waiting)
{
	WaitingConnectionEntry *entry = waiting->entry;
	const struct tcp_info *info = &waiting->info;
	unsigned char bytes[18];

	entry->has_local = entry->has_remote = true;
	entry->local.len = inet_pack(&waiting->local, bytes);
	entry->local.data = arena_copy(dump->arena, bytes, entry->local.len);
	entry->remote.len = inet_pack(&waiting->remote, bytes);
	entry->remote.data = arena_copy(dump->arena, bytes, entry->remote.len);
	SET(entry, opt_mask,
	    info->tcpi_options & (TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE | TCPI_OPT_ECN));
	SET(entry, snd_wscale, info->tcpi_snd_wscale);
	SET(entry, rcv_wscale, info->tcpi_rcv_wscale);
	SET(entry, mss_clamp, info->tcpi_snd_mss + (entry->opt_mask & TCPI_OPT_TIMESTAMPS ? TIMESTAMP_LENGTH : 0));
	SET(entry, snd_wnd, info->tcpi_snd_wnd);
	SET(entry, closed, waiting->state == INET_CLOSE_WAIT);
}

static struct error *note_boot(struct dump *dump, const struct inet_collection *all)
{
	cleanup_free char *boot = NULL;

	TRY(read_file_at(AT_FDCWD, BOOT_ID, &boot, NULL));
	for (size_t i = 0; i < all->listener_count; i++)
		all->listeners[i].entry->waiting_boot = arena_string(dump->arena, boot);
	return NULL;
}

struct error *tcp_waiting_ask(struct dump *dump)
{
	struct inet_collection *all = dump->files->inet_sockets;
	cleanup_close int fd = -1;

	if (!all->waiting_count)
		return NULL;
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return with_hint(fail_errno("could not make a packet socket"), "Run criu with CAP_NET_RAW.");
	for (size_t i = 0; i < all->waiting_count; i++) {
		TRY(ask(fd, &all->waiting[i]));
		describe(dump, &all->waiting[i]);
	}
	return note_boot(dump, all);
}

void tcp_waiting_lock(const struct inet_collection *all, struct locked_connection *out)
{
	for (size_t i = 0; i < all->waiting_count; i++)
		inet_packets(&all->waiting[i].local, &all->waiting[i].remote, &out[i]);
}

/* ---- they have stood still ---- */

static struct error *compare(void *argument, const struct nlmsghdr *answer)
{
	const struct inet_diag_msg *message = NLMSG_DATA(answer);
	const struct tcp_waiting *waiting = argument;
	struct tcp_info info;

	tcp_take_info(answer, &info);
	if (message->idiag_state != waiting->state || message->idiag_rqueue != waiting->unread || message->idiag_inode ||
	    info.tcpi_bytes_received != waiting->info.tcpi_bytes_received)
		return refuse(waiting, "and data has just come in");
	return NULL;
}

struct error *tcp_waiting_check(struct dump *dump)
{
	const struct inet_collection *all = dump->files->inet_sockets;

	for (size_t i = 0; i < all->waiting_count; i++) {
		struct tcp_waiting *waiting = &all->waiting[i];
		bool found;

		TRY(tcp_find(&waiting->local, &waiting->remote, compare, waiting, &found));
		if (!found)
			return refuse(waiting, "and has just ended");
	}
	return NULL;
}
