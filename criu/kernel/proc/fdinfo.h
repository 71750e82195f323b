// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/fdinfo/N: what a kind of file tells beyond position and flags. proc(5). main. */
#pragma once

#include <stdint.h>

#include "support/error.h"

/* The whole text of a descriptor of our own; the caller frees it. */
struct error *fdinfo_read(int fd, char **text) must_check;
/* Of another process: the kernel asks each time whether we may trace it. What depends on the table (close-on-exec, its
 * POSIX locks) is told right only here. */
struct error *fdinfo_read_of(int proc_fd, int number, char **text) must_check;
/* The value behind "name:" at a line's start, in the given base. */
struct error *fdinfo_number(const char *text, const char *name, int base, uint64_t *value) must_check;
/* The next line that begins with "name:" at or after place; NULL: none. *rest is set behind the colon. */
const char *fdinfo_line(const char *place, const char *name, const char **rest);
