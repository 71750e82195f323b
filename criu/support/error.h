// SPDX-License-Identifier: GPL-2.0
/*
 * Errors are values. A function that can fail returns NULL on success or an owned
 * struct error that says what went wrong (message), how we know (detail) and what the
 * user can do (hint). The functions below only build the value; main.c and rpc/reply.c
 * are the only places that print one. Callable in any process that runs libc.
 *
 * Text rules: message short, lower case, no function names; "could not" for what may
 * work next time, "cannot" for what never will. A hint is a full sentence.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct error {
	int number; /* errno value, or 0 */
	char *message;
	char *detail; /* may be NULL */
	char *hint;   /* may be NULL */
	bool passing; /* what is in the way goes by itself within moments, as a rule */
};

#define must_check __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))

/* A new error without an errno value. Never NULL: out of memory has a preallocated instance. */
struct error *fail(const char *format, ...) printf_like(1, 2) must_check;
/* The same, taking errno as it is now: its text becomes part of the message. */
struct error *fail_errno(const char *format, ...) printf_like(1, 2) must_check;
/* The same, for an errno value that lies in a variable (positive). */
struct error *fail_number(int number, const char *format, ...) printf_like(2, 3) must_check;
struct error *out_of_memory(void) must_check;

/* These take and return the error, and pass NULL through. with_context() puts
 * "text: " before the message; the others set detail or hint if there is none yet. */
struct error *with_context(struct error *error, const char *format, ...) printf_like(2, 3) must_check;
struct error *with_detail(struct error *error, const char *format, ...) printf_like(2, 3) must_check;
struct error *with_hint(struct error *error, const char *format, ...) printf_like(2, 3) must_check;

/* Marks the error as passing; takes and returns it, and passes NULL through. */
struct error *as_passing(struct error *error) must_check;

/* Frees an error; accepts NULL and the preallocated one. */
void error_free(struct error *error);
/* A tolerated failure: logged as a warning that ends in ", ignored", then freed. */
void error_ignore(struct error *error, const char *what);
/* Message, detail and hint as one text; the caller frees it. NULL when out of memory. */
char *error_text(const struct error *error);

/* The one macro that hides a return. Safe because everything a function owns has a
 * cleanup attribute (cleanup.h). */
#define TRY(call)                                  \
	do {                                       \
		struct error *try_error_ = (call); \
		if (try_error_)                    \
			return try_error_;         \
	} while (0)
