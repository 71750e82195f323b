// SPDX-License-Identifier: GPL-2.0
/* What the files of internet sockets share. For sockets/inet*.c, tcp*.c, multicast.c and inject.c only. */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "files/kind.h"
#include "kernel/diag.h"
#include "net/lock.h"
#include "sockets/queue.h"

/* state, as TCP numbers them; datagram sockets are established when connected, else closed. */
enum {
	INET_ESTABLISHED = 1,
	INET_SYN_SENT = 2,
	INET_SYN_RECEIVED = 3,
	INET_FIN_WAIT1 = 4,
	INET_FIN_WAIT2 = 5,
	INET_TIME_WAIT = 6,
	INET_CLOSED = 7,
	INET_CLOSE_WAIT = 8,
	INET_LAST_ACK = 9,
	INET_LISTENING = 10,
	INET_CLOSING = 11,
	INET_NEW_SYN_RECEIVED = 12,
};
/* shutdown: SHUT_RD + 1 and so on, as bits. */
enum { INET_SHUT_RECEIVE = 1, INET_SHUT_SEND = 2 };

union inet_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};
enum { INET_TEXT = 80 };

/* ---- addresses: inet_address.c, any process ---- */

socklen_t inet_length(const union inet_address *address);
/* Port in network byte order. */
uint16_t inet_port(const union inet_address *address);
/* "10.0.0.1:80", "[fe80::1%eth0]:80" */
void inet_text(const union inet_address *address, char text[INET_TEXT]);
/* The words of an image; the arena's. */
uint32_t *inet_words(struct arena *arena, const union inet_address *address, size_t *count);
struct error *inet_from_words(const InetSkEntry *entry, const uint32_t *words, size_t count, uint32_t port,
			      union inet_address *address) must_check;
struct error *inet_source(const InetSkEntry *entry, union inet_address *address) must_check;
struct error *inet_destination(const InetSkEntry *entry, union inet_address *address) must_check;
/* An IPv6 address that stands for an IPv4 one becomes that; others stay. */
void inet_unmap(union inet_address *address);
/* Address and port as bytes: 6 or 18. */
size_t inet_pack(const union inet_address *address, unsigned char bytes[18]);
bool inet_unpack(const ProtobufCBinaryData *bytes, union inet_address *address);
/* A connection as its packets have it. */
void inet_packets(const union inet_address *local, const union inet_address *remote, struct locked_connection *out);

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* ---- tcp_waiting.c: what the kernel says of one connection; main and opener ---- */

/* IPv4 addresses as such. *ret_found: false where there is neither it nor a listener for it. */
struct error *tcp_find(const union inet_address *local, const union inet_address *remote, diag_take take, void *argument,
		       bool *ret_found) must_check;
struct tcp_info;
/* Of an answer; zero where it has none. */
void tcp_take_info(const struct nlmsghdr *answer, struct tcp_info *info);

/* ---- dump: main, tree frozen ---- */

struct tcp_connection; /* tcp.c */
struct tcp_listener;   /* tcp_waiting.c */
struct tcp_waiting;

struct inet_collection {
	struct tcp_connection *connections;
	size_t count, capacity;
	struct tcp_listener *listeners; /* those with connections that they have not accepted */
	size_t listener_count, listener_capacity;
	struct tcp_waiting *waiting; /* these connections */
	size_t waiting_count, waiting_capacity;
};
/* tcp.c: the dump's, made when it is first needed. */
struct inet_collection *inet_collection(struct dump *dump);

/* tcp_signed.c: the keys with which a TCP socket signs its packets. */
struct error *tcp_signed_dump(struct dump *dump, InetSkEntry *entry) must_check;
/* tcp.c: state and options of a TCP socket; refuses what no option allows. */
struct error *tcp_dump(struct dump *dump, const struct open_fd *fd, InetSkEntry *entry) must_check;
/* tcp_waiting.c: can this kernel bring connections back that wait to be accepted? */
struct error *tcp_waiting_possible(const struct criu *criu) must_check;
/* tcp_waiting.c: so many connections wait to be accepted by a listener. */
struct error *tcp_waiting_note(struct dump *dump, const struct open_fd *fd, InetSkEntry *entry, uint32_t count) must_check;
/* tcp_waiting.c, all listeners are noted: which connections these are; refuses what cannot be saved. */
struct error *tcp_waiting_find(struct dump *dump) must_check;
/* tcp_waiting.c, the network is not locked yet: their numbers. */
struct error *tcp_waiting_ask(struct dump *dump) must_check;
/* tcp_waiting.c: waiting_count elements to be locked. */
void tcp_waiting_lock(const struct inet_collection *all, struct locked_connection *out);
/* tcp_waiting.c, the network is locked: is it still as it was found? */
struct error *tcp_waiting_check(struct dump *dump) must_check;
/* tcp.c: all connections are known: locks the network for them, reads them. */
struct error *tcp_dump_late(struct dump *dump) must_check;
/* tcp.c: the tcp-stream images. */
struct error *tcp_write(struct dump *dump) must_check;
/* datagram.c: queue, shutdown, what cannot be saved of UDP, raw and ICMP sockets. */
struct error *datagram_dump(struct dump *dump, const struct open_fd *fd, InetSkEntry *entry) must_check;
/* raw_peer.c: to whom a raw socket, or one for pings, is connected. */
bool raw_find_peer(int family, bool is_raw, uint32_t inode, union inet_address *peer);
/* multicast.c */
struct error *multicast_dump(struct dump *dump, int fd, InetSkEntry *entry) must_check;

/* ---- restore ---- */

/* A socket to be made; file->kind_data. */
struct planned_inet {
	union inet_address source, destination;
	const TcpStreamEntry *stream; /* of a TCP connection; NULL: a new, listening or closed socket */
	uint64_t stream_offset;	      /* of its bytes in the image */
	const struct queued_packet *packets;
	size_t packet_count;
};

/* tcp_signed.c, main, plan: keys as they can be. */
struct error *tcp_signed_check(const InetSkEntry *entry) must_check;
/* tcp_signed.c, opener: packets that carry no signature have no effect on the socket afterwards. */
struct error *tcp_signed_restore(const InetSkEntry *entry, int fd) must_check;

struct error *tcp_plan(struct restore *restore, struct planned_file *file) must_check;
/* Was it connected, and is not any more? Then the end of its connection may still hold its address. */
bool tcp_is_over(const InetSkEntry *entry);
/* opener: binds a socket whose connection is over. */
struct error *tcp_bind_over(const InetSkEntry *entry, const struct planned_inet *socket, int fd) must_check;
/* opener */
struct error *tcp_create(struct planned_file *file, int fd) must_check;
struct error *tcp_connect(struct restore *restore, struct planned_file *file) must_check;
struct error *tcp_fill(struct restore *restore, struct planned_file *file) must_check;
/* opener: a socket that is made in repair mode, with the numbers of the next bytes; bound. */
struct error *tcp_begin(int fd, uint32_t sent, uint32_t received, const union inet_address *source) must_check;
/* opener: a packet has the wanted effect. */
struct error *tcp_await_state(int fd, uint32_t wanted) must_check;
/* tcp_waiting_restore.c, main, plan */
struct error *tcp_waiting_plan(struct restore *restore, const InetSkEntry *entry) must_check;
/* tcp_waiting_restore.c, opener: the listener has all its options; connections come into its queue. */
struct error *tcp_waiting_restore(struct restore *restore, const InetSkEntry *entry, int fd) must_check;
/* main, at the end */
struct error *tcp_finish(struct restore *restore, struct planned_file *file, int fd) must_check;

/* time_wait.c, opener: what is left of connections that have ended at this port (network byte order) is forgotten. */
struct error *time_wait_forget(uint16_t port) must_check;

/* opener: connected, queue filled, shut down */
struct error *datagram_connect(const InetSkEntry *entry, const struct planned_inet *socket, int fd) must_check;
struct error *datagram_fill(struct restore *restore, const InetSkEntry *entry, const struct planned_inet *socket,
			    int fd) must_check;
struct error *multicast_restore(const InetSkEntry *entry, int fd) must_check;

/* ---- inject.c: packets that seem to come from the other side; opener, and main while dumping ---- */

enum { SEGMENT_FIN = 1, SEGMENT_SYN = 2, SEGMENT_RST = 4, SEGMENT_ACK = 16, SEGMENT_URG = 32, SEGMENT_ECE = 64, SEGMENT_CWR = 128 };

struct segment {
	union inet_address from, to;
	uint32_t sequence, acknowledged;
	uint8_t flags;		       /* of the TCP header */
	uint16_t window;	       /* as the header has it; 0: some */
	uint16_t urgent;	       /* with SEGMENT_URG: so many bytes end with the urgent one */
	const unsigned char *options;  /* of the TCP header */
	uint8_t options_length;	       /* a multiple of 4, 40 at most */
	const unsigned char *data;
	uint8_t data_length; /* 24 at most */
};
struct error *inject_segment(const struct segment *segment) must_check;
/* protocol: IPPROTO_UDP or IPPROTO_UDPLITE */
struct error *inject_datagram(int protocol, const union inet_address *from, const union inet_address *to,
			      const void *data, size_t length) must_check;
/* An IPv4 packet to a raw or ICMP socket: everything behind the IP header. */
struct error *inject_packet(int protocol, const union inet_address *from, const union inet_address *to,
			    const void *data, size_t length) must_check;
