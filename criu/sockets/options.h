// SPDX-License-Identifier: GPL-2.0
/* Options that sockets of every family have. For sockets/: main while dumping, the opener. */
#pragma once

#include "model/run.h"
#include "sockets/more_options.h"
#include "support/error.h"

/* main, tree frozen: fd is a borrowed copy. */
struct error *socket_options_dump(struct dump *dump, int fd, SkOptsEntry **ret) must_check;
/* The same for sockets that nobody changes until socket_options_join(): other threads ask while main goes on. The descriptor
 * stays open until then (files_hold), and the entry is complete after it. fresh: the options of more_options.h are asked for as
 * well; or NULL. */
struct error *socket_options_dump_later(struct dump *dump, int fd, const struct fresh_socket *fresh,
					SkOptsEntry **ret) must_check;
struct error *socket_options_join(struct dump *dump) must_check;
/* opener, when everything that went through the socket is done. */
struct error *socket_options_restore(const SkOptsEntry *entry, int fd) must_check;
/* The same for the sizes of the buffers alone. */
struct error *socket_sizes_restore(const SkOptsEntry *entry, int fd) must_check;
