// SPDX-License-Identifier: GPL-2.0
/*
 * A lock by the tools of iptables: two rules for each connection, the same text as that of other programs of this
 * kind, which can remove them. A note below /run tells a later run what to remove if this one is killed. For
 * net/lock.c. Main.
 */
#pragma once

#include "net/lock.h"

/* Are the tools there? */
struct error *iptables_check(void) must_check;
/* *ret_note: path of the note; the caller frees it. */
struct error *iptables_lock(const struct locked_connection *connections, size_t count, char **ret_note) must_check;
/* Removes the rules. Those that are not there are no error. note: may be NULL. */
struct error *iptables_unlock(const struct locked_connection *connections, size_t count, const char *note) must_check;
/* The rules shall stay when this run ends. */
void iptables_keep(const char *note);
/* Removes the rules of runs that were killed in this network namespace. */
void iptables_clean_up(void);
