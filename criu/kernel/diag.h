// SPDX-License-Identifier: GPL-2.0
/* Requests to NETLINK_SOCK_DIAG and their answers: sock_diag(7). main and opener. */
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>

#include "support/error.h"

/* An answer of the kernel: the message behind the header, then attributes. */
typedef struct error *(*diag_take)(void *argument, const struct nlmsghdr *answer);

/* request: struct inet_diag_req_v2 and its relatives. what: for messages, "TCP sockets". *ret_supported (may be NULL):
 * false where this kernel cannot list them, which is then no error. */
struct error *diag_dump(const void *request, size_t length, const char *what, diag_take take, void *argument,
			bool *ret_supported) must_check;
/* The one socket that a request names (for struct inet_diag_req_v2: the id). *ret_found: false where there is none. */
struct error *diag_find(const void *request, size_t length, const char *what, diag_take take, void *argument,
			bool *ret_found) must_check;
/* An attribute behind a message of that size; NULL: there is none. */
const struct rtattr *diag_attribute(const struct nlmsghdr *answer, size_t message, unsigned type);
