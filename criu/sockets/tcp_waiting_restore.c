// SPDX-License-Identifier: GPL-2.0
/*
 * tcp_waiting_restore: connections that a listener had not accepted come into its queue again. Only a handshake leads
 * there: its packets seem to come from the client, who knows nothing of it. The listener's first number would be random; it follows
 * from an earlier connection between the same addresses, made for that, which is in TIME-WAIT: the kernel lets the next one
 * begin 65537 numbers later. Opener, behind the network lock.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/tcp.h>
#include <string.h>
#include <unistd.h>

#include "model/context.h"
#include "sockets/inet.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"
#include "support/options.h"

enum {
	TRIES = 4000,
	PAUSE_US = 500,
	NEXT_CONNECTION = 65535 + 2, /* tcp_timewait_state_process() */
	SCALE_MAX = 14,
	OPTIONS_MAX = 20,
};

struct handshake {
	const WaitingConnectionEntry *entry;
	union inet_address local, remote;
	uint32_t received, sent; /* numbers of the next bytes right after the handshake */
	uint32_t options;	 /* TCPI_OPT_... */
};

/* ---- plan ---- */

static struct error *read_entry(const WaitingConnectionEntry *entry, struct handshake *out)
{
	*out = (struct handshake){ .entry = entry,
				   .received = entry->received - entry->closed,
				   .sent = entry->sent,
				   .options = entry->opt_mask };
	if (!inet_unpack(&entry->local, &out->local) || !inet_unpack(&entry->remote, &out->remote) ||
	    out->local.any.sa_family != out->remote.any.sa_family || entry->snd_wscale > SCALE_MAX)
		return fail("the image is damaged: a connection that waits to be accepted");
	return NULL;
}

struct error *tcp_waiting_plan(struct restore *restore, const InetSkEntry *entry)
{
	const struct options *options = restore->criu->options;

	if (options->tcp_close)
		return NULL;
	if (!options->tcp_established)
		return with_hint(fail("cannot restore the %zu connections that wait to be accepted on port %u", entry->n_waiting,
				      entry->src_port),
				 "Use --tcp-established, as at the dump, or --tcp-close to leave them out.");
	TRY(with_hint(tcp_waiting_possible(restore->criu), "Use --tcp-close to leave out the connections that wait to be accepted."));
	for (size_t i = 0; i < entry->n_waiting; i++) {
		struct locked_connection locked;
		struct handshake handshake;

		TRY(read_entry(entry->waiting[i], &handshake));
		inet_packets(&handshake.local, &handshake.remote, &locked);
		network_lock_plan(restore, &locked);
	}
	return NULL;
}

/* ---- the handshake ---- */

static struct error *say(const struct handshake *handshake, uint8_t flags, uint32_t sequence, uint32_t acknowledged)
{
	struct segment segment = { .from = handshake->remote,
				   .to = handshake->local,
				   .sequence = sequence,
				   .acknowledged = acknowledged,
				   .flags = flags,
				   .window = handshake->entry->snd_wnd >> handshake->entry->snd_wscale };

	return inject_segment(&segment);
}

/* Both ends have closed, ours first, so that the kernel keeps it for a minute. Nothing of it is sent. */
static struct error *make_earlier(const struct handshake *handshake)
{
	const union inet_address *local = &handshake->local, *remote = &handshake->remote;
	uint32_t sent = handshake->sent - 1 - NEXT_CONNECTION - 1, received = handshake->received - 3;
	cleanup_close int fd = socket(local->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail_errno("could not make a socket");
	TRY(tcp_begin(fd, sent, received, local));
	if (connect(fd, &remote->any, inet_length(remote)))
		return with_hint(fail_errno("could not make a TCP connection in repair mode"), "There must be a route to the peer.");
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &(int){ TCP_SEND_QUEUE }, sizeof(int)) || shutdown(fd, SHUT_WR))
		return fail_errno("could not close a TCP connection");
	TRY(say(handshake, SEGMENT_FIN | SEGMENT_ACK, received, sent + 1));
	return tcp_await_state(fd, INET_CLOSED);
}

static unsigned char *put(unsigned char *at, const void *bytes, size_t length)
{
	memcpy(at, bytes, length);
	return at + length;
}

static struct error *say_hello(const struct handshake *handshake)
{
	const WaitingConnectionEntry *entry = handshake->entry;
	uint16_t mss = htons(entry->mss_clamp);
	uint32_t now = htonl(entry->timestamp), then = 0;
	unsigned char options[OPTIONS_MAX + 3] = { 0 }, *end = options; /* 0: no more of them */
	struct segment segment = { .from = handshake->remote,
				   .to = handshake->local,
				   .sequence = handshake->received - 1,
				   .flags = SEGMENT_SYN,
				   .options = options };

	end = put(put(end, "\2\4", 2), &mss, 2);
	if (handshake->options & TCPI_OPT_SACK)
		end = put(end, "\4\2", 2);
	if (handshake->options & TCPI_OPT_TIMESTAMPS)
		end = put(put(put(end, "\10\12", 2), &now, 4), &then, 4);
	if (handshake->options & TCPI_OPT_WSCALE)
		end = put(end, (unsigned char[]){ 3, 3, entry->snd_wscale }, 3);
	segment.options_length = (end - options + 3) & ~3;
	if (handshake->options & TCPI_OPT_ECN)
		segment.flags |= SEGMENT_ECE | SEGMENT_CWR;
	return inject_segment(&segment);
}

struct seen {
	uint32_t state;
	struct tcp_info info;
};

static struct error *take(void *argument, const struct nlmsghdr *answer)
{
	struct seen *seen = argument;

	seen->state = ((const struct inet_diag_msg *)NLMSG_DATA(answer))->idiag_state;
	tcp_take_info(answer, &seen->info);
	return NULL;
}

static struct error *await(const struct handshake *handshake, uint32_t wanted, struct seen *seen)
{
	for (int i = 0; i < TRIES; i++) {
		bool found;

		TRY(tcp_find(&handshake->local, &handshake->remote, take, seen, &found));
		if (found && seen->state == wanted)
			return NULL;
		usleep(PAUSE_US);
	}
	return with_hint(fail("the listener does not take the connection: it has the state %u instead of %u", seen->state, wanted),
			 "Packets must be able to pass the loopback device of this network namespace.");
}

/* What the client was told once cannot be said differently. */
static struct error *compare(const struct handshake *handshake, const struct tcp_info *info)
{
	const WaitingConnectionEntry *entry = handshake->entry;
	uint32_t known = TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE | TCPI_OPT_ECN;

	if ((info->tcpi_options & known) == handshake->options &&
	    (!(handshake->options & TCPI_OPT_WSCALE) || info->tcpi_rcv_wscale == entry->rcv_wscale))
		return NULL;
	return with_hint(fail("it has the options %#x with window scale %u instead of %#x with %u", info->tcpi_options & known,
			      info->tcpi_rcv_wscale, handshake->options, entry->rcv_wscale),
			 "The settings net.ipv4.tcp_* and net.core.rmem_max must be what they were at the dump.");
}

static struct error *shake_hands(const struct handshake *handshake)
{
	struct seen seen = { 0 };

	TRY(make_earlier(handshake));
	TRY(say_hello(handshake));
	TRY(await(handshake, INET_SYN_RECEIVED, &seen));
	TRY(say(handshake, SEGMENT_ACK, handshake->received, handshake->sent));
	TRY(await(handshake, INET_ESTABLISHED, &seen));
	TRY(compare(handshake, &seen.info));
	if (!handshake->entry->closed)
		return NULL;
	TRY(say(handshake, SEGMENT_FIN | SEGMENT_ACK, handshake->received, handshake->sent));
	return await(handshake, INET_CLOSE_WAIT, &seen);
}

/* Timestamps are those of one boot, and cannot be set here: a client may take others for older ones and drop all that comes. */
static struct error *keep_timestamps(const InetSkEntry *entry, bool *keep)
{
	cleanup_free char *boot = NULL;

	TRY(read_file_at(AT_FDCWD, BOOT_ID, &boot, NULL));
	*keep = entry->waiting_boot && !strcmp(entry->waiting_boot, boot);
	return NULL;
}

static struct error *restore_all(const InetSkEntry *entry)
{
	bool timestamps;

	TRY(keep_timestamps(entry, &timestamps));
	for (size_t i = 0; i < entry->n_waiting; i++) {
		char from[INET_TEXT], to[INET_TEXT];
		struct handshake handshake;

		TRY(read_entry(entry->waiting[i], &handshake));
		inet_text(&handshake.remote, from);
		inet_text(&handshake.local, to);
		if (!timestamps && handshake.options & TCPI_OPT_TIMESTAMPS) {
			log_warning("the connection from %s, which waits to be accepted, goes on without timestamps", from);
			handshake.options &= ~TCPI_OPT_TIMESTAMPS;
		}
		TRY(with_context(shake_hands(&handshake), "the connection from %s, which waits to be accepted at %s", from, to));
	}
	return NULL;
}

/* A listener that defers accepting would wait for data. */
struct error *tcp_waiting_restore(struct restore *restore, const InetSkEntry *entry, int fd)
{
	socklen_t length = sizeof(int);
	int defer = 0;

	if (restore->criu->options->tcp_close)
		return NULL;
	if (getsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, &length) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &(int){ 0 }, sizeof(int)))
		return fail_errno("could not set TCP_DEFER_ACCEPT");
	TRY(restore_all(entry));
	return setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, sizeof(defer)) ? fail_errno("could not set TCP_DEFER_ACCEPT")
										    : NULL;
}
