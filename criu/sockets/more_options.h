// SPDX-License-Identifier: GPL-2.0
/*
 * Options of the levels below SOL_SOCKET, and those of SOL_SOCKET that the image format has no field
 * for: kept as number and value where they differ from those of a new socket of the same kind.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"

/* When an option is set again. */
enum option_moment {
	OPTION_BEFORE_BIND,
	OPTION_AT_THE_END, /* all data is in place */
	OPTION_LAST,	   /* nothing can be set afterwards */
};

/* main, tree frozen: fd is a borrowed copy. Appends to entry->more. */
struct error *more_options_dump(struct dump *dump, int fd, int family, int type, int protocol,
				SkOptsEntry *entry) must_check;
/* The same in three steps: what a new socket of this kind says (main); which options differ, a bit for each (any thread: no
 * memory is needed); appending these (main). */
struct fresh_socket;
struct option_differences {
	uint64_t words[2];
};
struct error *more_options_fresh(struct dump *dump, int family, int type, int protocol,
				 const struct fresh_socket **ret) must_check;
struct option_differences more_options_compare(int fd, const struct fresh_socket *fresh);
void more_options_note(struct dump *dump, int fd, const struct fresh_socket *fresh, struct option_differences differences,
		       SkOptsEntry *entry);
/* main, plan: only options that we know. */
struct error *more_options_check(const SkOptsEntry *entry) must_check;
/* opener: those whose moment has come. */
struct error *more_options_restore(const SkOptsEntry *entry, int fd, enum option_moment moment) must_check;
