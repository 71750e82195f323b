// SPDX-License-Identifier: GPL-2.0
/* Small netlink requests for probes. Main or a probe's child. */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "support/error.h"

/* One request or a batch of them, built from front to back. */
struct netlink_request {
	char data[4096];
	size_t length;
	struct nlmsghdr *message; /* the one that is being built */
};

/* Begins a message; room for its own head is returned, zeroed. */
void *netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, size_t head);
void netlink_attribute(struct netlink_request *request, uint16_t type, const void *data, size_t length);
/* An attribute with attributes inside, until netlink_close_nest(). */
struct nlattr *netlink_open_nest(struct netlink_request *request, uint16_t type);
void netlink_close_nest(struct netlink_request *request, struct nlattr *nest);
/* Sends, and reads the first answer into answer (size bytes); an error answer is an error. */
struct error *netlink_ask(int protocol, struct netlink_request *request, void *answer, size_t size) must_check;
/* An attribute of an answer, NULL if it is not there; head: length of the answer's own head. */
const void *netlink_find(const struct nlmsghdr *answer, size_t head, uint16_t type);
