// SPDX-License-Identifier: GPL-2.0
/*
 * Test Anything Protocol for unit tests: check() prints a line, tap_end() the plan and the
 * exit status. One program, one process.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/error.h"

static struct {
	int count, failed;
} tap;

/* True when the condition holds; the text says what was expected. */
static inline bool check(bool condition, const char *format, ...) printf_like(2, 3);
static inline bool check(bool condition, const char *format, ...)
{
	va_list arguments;

	tap.count++;
	tap.failed += !condition;
	printf("%sok %d - ", condition ? "" : "not ", tap.count);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
	return condition;
}

/* No error is expected: one that came is shown and freed. */
static inline bool check_no_error(struct error *error, const char *what)
{
	bool fine = check(!error, "%s", what);

	if (error)
		printf("# %s\n", error->message);
	error_free(error);
	return fine;
}

/* An error is expected whose message (with detail and hint) contains the text. */
static inline bool check_error(struct error *error, const char *text, const char *what)
{
	char *whole = error ? error_text(error) : NULL;
	bool fine = check(whole && strstr(whole, text), "%s", what);

	if (!fine)
		printf("# expected an error with '%s', got: %s\n", text, whole ? whole : "none");
	free(whole);
	error_free(error);
	return fine;
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap.count);
	return tap.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
