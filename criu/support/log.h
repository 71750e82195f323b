// SPDX-License-Identifier: GPL-2.0
/*
 * The log: one sink for the whole program (the only file-scope state that changes).
 * Errors are not logged here by those who meet them: they are returned (error.h).
 * Any process with libc; forked children share the descriptor and write whole lines
 * with one write(2), so lines of different processes do not mix.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "support/error.h"

enum log_level {
	LOG_LEVEL_MESSAGE = 0, /* goes to standard output */
	LOG_LEVEL_ERROR = 1,
	LOG_LEVEL_WARNING = 2,
	LOG_LEVEL_INFO = 3,
	LOG_LEVEL_DEBUG = 4,
};

/* Until log_open() the lines are kept in memory (1,024 bytes, later ones are dropped);
 * it then writes them. path NULL: standard error; "-": standard output; else a file, made 0600. */
struct error *log_open(const char *path, int level) must_check;
void log_close(void);
bool log_is_open(void);
/* Does it go to a file of its own, not to standard error? */
bool log_is_file(void);
int log_get_level(void);
/* The sink's descriptor, for those who must move it to another number. */
int *log_descriptor(void);
bool log_enabled(enum log_level level);
/* Marks this process as one of a restore's children: lines begin with its pid (0: off). */
void log_set_pid_prefix(pid_t pid);
/* The same by a file of its own, PATH.PID below directory; where that cannot be made, by the prefix. path may be NULL. */
void log_split(int directory, const char *path, pid_t pid);

/* Writes "Error (file:line): text" and friends, see Documentation. Use the macros. */
void log_write(enum log_level level, const char *file, int line, const char *format, ...) printf_like(4, 5);
/* Prints an error value once, with detail and hint. For main.c and rpc/ only. */
void log_error_value(const struct error *error);

#define log_at_(level, ...)                                                    \
	do {                                                                   \
		if (log_enabled(level))                                        \
			log_write(level, __FILE_NAME__, __LINE__, __VA_ARGS__); \
	} while (0)
#ifndef __FILE_NAME__
#define __FILE_NAME__ (__builtin_strrchr("/" __FILE__, '/') + 1)
#endif
#define log_warning(...) log_at_(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_at_(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at_(LOG_LEVEL_DEBUG, __VA_ARGS__)
