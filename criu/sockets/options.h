// SPDX-License-Identifier: GPL-2.0
/* Options that sockets of every family have. For sockets/: main while dumping, the opener. */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* main, tree frozen: fd is a borrowed copy. */
struct error *socket_options_dump(struct dump *dump, int fd, SkOptsEntry **ret) must_check;
/* opener, when everything that went through the socket is done. */
struct error *socket_options_restore(const SkOptsEntry *entry, int fd) must_check;
/* The same for the sizes of the buffers alone. */
struct error *socket_sizes_restore(const SkOptsEntry *entry, int fd) must_check;
