// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors travel from the opener to the tasks, once each. handover_prepare() runs in
 * main before the first fork, handover_open_mailbox() in each newborn at birth, the
 * sending in the opener, receive and install in the newborn.
 */
#pragma once

#include <sys/un.h>

#include "model/run.h"
#include "support/error.h"

/* First word of what comes into a mailbox. A request is for whoever serves the mailbox before it receives. */
enum handover_message { HANDOVER_DESCRIPTORS = 1, HANDOVER_END, HANDOVER_REQUEST };

enum handed_purpose {
	HANDED_DESCRIPTOR, /* number in the table */
	HANDED_SHARERS_DESCRIPTOR, /* number: handover_number() */
	HANDED_CWD, /* number: 0, or the index of the sharer whose it is */
	HANDED_ROOT,
	HANDED_THREAD_CWD, /* number is the index of the thread */
	HANDED_THREAD_ROOT,
	HANDED_EXE,
	HANDED_MAPPING, /* number is the key of files_want_mapping() */
};

struct handed {
	enum handed_purpose purpose;
	uint32_t number;
	int fd; /* in the newborn; HANDED_DESCRIPTOR ones are put at their numbers while receiving */
};

struct handover {
	struct handed *items; /* everything but HANDED_DESCRIPTOR */
	size_t count, capacity;
	int mailbox; /* the newborn's own socket */
};

/* main, before the first fork: the opener's socket. */
struct error *handover_prepare(struct restore *restore) must_check;
/* newborn, at birth and before the opener exists: makes the mailbox and writes its address to the board. */
struct error *handover_open_mailbox(struct restore *restore, struct task *task, struct handover *handover) must_check;
/* opener: the name of a newborn's mailbox, from which its answers to the opener's socket come. Returns the length. */
uint32_t handover_address(const struct restore *restore, const struct task *task, struct sockaddr_un *address);
/* opener: a request, which begins with HANDOVER_REQUEST, and descriptors for it. */
struct error *handover_request(struct restore *restore, const struct task *task, const void *data, size_t length,
			       const int *fds, size_t count) must_check;
/* newborn: receives everything the opener sends; table descriptors end up at their
 * numbers with their close-on-exec flag, all others above files_number_limit(). */
struct error *handover_receive(struct restore *restore, struct task *task, struct handover *handover) must_check;
/* -1 if it was not handed over. */
int handover_find(const struct handover *handover, enum handed_purpose purpose, uint32_t number);
/* What a task needs to make others that share its memory comes to it. The first number for the descriptors of a sharer that has
 * a table of its own: they follow in the order of the table. */
uint32_t handover_number(const struct task *owner, const struct task *sharer);
/* newborn: closes all that is left of the transport. */
void handover_close(struct handover *handover);
/* newborn, table owner: the kinds' adopt() for every descriptor. */
struct error *handover_adopt(struct restore *restore, struct task *task) must_check;
