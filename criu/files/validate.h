// SPDX-License-Identifier: GPL-2.0
/* Is a file the same as at the dump? By size (regular.c) and, for programs and libraries, by build id. */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* main, dump: notes the build id of an ELF file; fd can read it. */
struct error *validate_dump(struct dump *dump, RegFileEntry *entry, int fd) must_check;
/* The same when the tree may run again; takes the descriptor over, unless too many wait already. */
struct error *validate_dump_later(struct dump *dump, RegFileEntry *entry, int *fd) must_check;
/* Those that wait. */
struct error *validate_dump_all(struct dump *dump) must_check;
/* main, plan: compares it with the file at the path; nothing to compare is fine. */
struct error *validate_restore(struct restore *restore, const RegFileEntry *entry) must_check;
