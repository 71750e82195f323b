// SPDX-License-Identifier: GPL-2.0
/* A lock by nftables, spoken over netlink: one table, made and removed as a whole. For net/lock.c. Main. */
#pragma once

#include "net/lock.h"

/* *ret_fd: the socket that owns the table: closing it removes the table. NULL: the table stays by itself. */
struct error *nftables_lock(const char *table, const struct locked_connection *connections, size_t count,
			    int *ret_fd) must_check;
/* Removes a table without owner, or one that fd owns (else -1). One that is not there is no error. */
struct error *nftables_unlock(const char *table, int fd) must_check;
