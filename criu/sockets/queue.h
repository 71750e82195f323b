// SPDX-License-Identifier: GPL-2.0
/*
 * What lies in the receive queues of unix sockets: bytes or datagrams, with the files and
 * credentials that travel in them. For sockets/unix/.
 */
#pragma once

#include "files/kind.h"

/* ---- dump: main, tree frozen ---- */

/* Everything in the queue of socket file id, in order; nothing is consumed. fd is a borrowed copy. total:
 * bytes in the queue (of datagram sockets not known). urgent: a byte sent with MSG_OOB is among them. */
struct error *queue_dump(struct dump *dump, uint32_t id, int type, size_t total, bool urgent, int fd) must_check;
/* Appends a packet to the queue of socket file id; the data is copied. For families whose queues are read
 * in another way. */
SkPacketEntry *queue_add(struct dump *dump, uint32_t id, const void *data, size_t length);
/* sk-queues.img */
struct error *queue_write(struct dump *dump) must_check;

/* ---- restore ---- */

struct queued_packet {
	const SkPacketEntry *entry;
	uint64_t offset; /* of its bytes in the image */
};

/* main, plan: the packets of a socket, and the files in them become wanted. */
struct error *queue_plan(struct restore *restore, uint32_t id, const struct queued_packet **packets,
			 size_t *count) must_check;
/* opener: the bytes of a packet; data has room for them. */
struct error *queue_data(struct restore *restore, const struct queued_packet *packet, void *data) must_check;
/* opener: sends a packet through a socket; address may be NULL. */
struct error *queue_send(struct restore *restore, const struct queued_packet *packet, int fd, const void *address,
			 uint32_t address_length) must_check;
