// SPDX-License-Identifier: GPL-2.0
/* Network devices, addresses and routes: rtnetlink(7). Any process. */
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>

#include "support/error.h"

typedef struct error *(*rtnetlink_take)(void *argument, const struct nlmsghdr *answer);

/* Lists what RTM_GET... gives; body is the struct behind the header, zeroed but for what restricts the list. */
struct error *rtnetlink_list(unsigned type, const void *body, size_t length, rtnetlink_take take, void *argument) must_check;
/* Sends one message, with these flags besides NLM_F_REQUEST and NLM_F_ACK, and waits for the kernel's word. An error has
 * the number that the kernel gave. */
struct error *rtnetlink_send(struct nlmsghdr *message, unsigned flags) must_check;
/* An attribute behind a message of that size; NULL: there is none. */
struct rtattr *rtnetlink_attribute(const struct nlmsghdr *message, size_t body, unsigned type);
