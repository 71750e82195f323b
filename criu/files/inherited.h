// SPDX-License-Identifier: GPL-2.0
/*
 * --inherit-fd fd[N]:KEY: the caller's descriptor N takes the place of an object of the images. KEY
 * is a name as the kernel shows it ("pipe:[1234]", "socket:[77]"), an external key ("tty[8801:19]",
 * "file[1b:2c0f3]"), "/memfd:NAME", or the path of a file without its first slash.
 */
#pragma once

#include "model/run.h"
#include "support/error.h"
#include "support/options.h"

/* main, at start, before criu opens anything: values are well formed and the descriptors open. Writes
 * the texts of debug[N]:TEXT. */
struct error *inherited_check(const struct options *options) must_check;
/* main, after files_read(): copies that no restored table is in the way of. */
struct error *inherited_keep(struct restore *restore) must_check;
/* The descriptor for KEY, in main, newborns and the opener; -1: none was given. It stays criu's. */
int inherited_find(struct restore *restore, const char *key);
/* The same, as the caller's own copy of the same description (O_CLOEXEC). *ret_fd -1: none was given. */
struct error *inherited_duplicate(struct restore *restore, const char *key, int *ret_fd) must_check;
/* main, after the plan: tells of those that nothing has asked for. */
void inherited_report(const struct restore *restore);
/* main, when the tasks have theirs: closes the copies and the caller's descriptors, so that the other
 * end of a pipe sees when the tree closes its own. */
void inherited_close(struct restore *restore);
