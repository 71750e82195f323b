// SPDX-License-Identifier: GPL-2.0
/* Is a file the same as at the dump? By size (regular.c) and, for programs and libraries, by build id. */
#pragma once

#include "model/run.h"
#include "support/error.h"
#include "support/options.h"

/* main, dump: notes the build id of an ELF file; fd can read it. */
struct error *validate_dump(struct dump *dump, RegFileEntry *entry, int fd) must_check;
/* The same when the tree may run again; takes the descriptor over, unless too many wait already. */
struct error *validate_dump_later(struct dump *dump, RegFileEntry *entry, int *fd) must_check;
/* Those that wait. */
struct error *validate_dump_all(struct dump *dump) must_check;
/* main, plan: compares it with the file at the path. *known: it is the same build, whatever its size; false:
 * there is nothing to compare, or --file-validation filesize. */
struct error *validate_restore(struct restore *restore, const RegFileEntry *entry, bool *known) must_check;
/* main, at start: the value of --file-validation. */
struct error *validate_check(const struct options *options) must_check;
