// SPDX-License-Identifier: GPL-2.0
#include "support/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/log.h"

static struct error no_memory = {
	.number = ENOMEM,
	.message = (char *)"out of memory",
};

static char *format_text(const char *format, va_list arguments)
{
	char *text;

	return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

static struct error *new_error(int number, const char *format, va_list arguments)
{
	struct error *error = calloc(1, sizeof(*error));
	char *text = format_text(format, arguments);

	if (error && text && number) {
		char *whole;

		if (asprintf(&whole, "%s: %s", text, strerror(number)) >= 0) {
			free(text);
			text = whole;
		}
	}
	if (!error || !text) {
		free(error);
		free(text);
		return &no_memory;
	}
	error->number = number;
	error->message = text;
	return error;
}

struct error *fail(const char *format, ...)
{
	va_list arguments;
	struct error *error;

	va_start(arguments, format);
	error = new_error(0, format, arguments);
	va_end(arguments);
	return error;
}

struct error *fail_errno(const char *format, ...)
{
	int number = errno;
	va_list arguments;
	struct error *error;

	va_start(arguments, format);
	error = new_error(number, format, arguments);
	va_end(arguments);
	return error;
}

struct error *fail_number(int number, const char *format, ...)
{
	va_list arguments;
	struct error *error;

	va_start(arguments, format);
	error = new_error(number, format, arguments);
	va_end(arguments);
	return error;
}

struct error *out_of_memory(void)
{
	return &no_memory;
}

struct error *with_context(struct error *error, const char *format, ...)
{
	va_list arguments;
	char *text, *whole;

	if (!error || error == &no_memory)
		return error;
	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	if (text && asprintf(&whole, "%s: %s", text, error->message) >= 0) {
		free(error->message);
		error->message = whole;
	}
	free(text);
	return error;
}

struct error *with_detail(struct error *error, const char *format, ...)
{
	va_list arguments;

	if (!error || error == &no_memory || error->detail)
		return error;
	va_start(arguments, format);
	error->detail = format_text(format, arguments);
	va_end(arguments);
	return error;
}

struct error *with_hint(struct error *error, const char *format, ...)
{
	va_list arguments;

	if (!error || error == &no_memory || error->hint)
		return error;
	va_start(arguments, format);
	error->hint = format_text(format, arguments);
	va_end(arguments);
	return error;
}

struct error *as_passing(struct error *error)
{
	if (error && error != &no_memory)
		error->passing = true;
	return error;
}

void error_free(struct error *error)
{
	if (!error || error == &no_memory)
		return;
	free(error->message);
	free(error->detail);
	free(error->hint);
	free(error);
}

void error_ignore(struct error *error, const char *what)
{
	if (!error)
		return;
	log_warning("%s: %s, ignored", what, error->message);
	error_free(error);
}

char *error_text(const struct error *error)
{
	char *text;

	if (asprintf(&text, "%s%s%s%s%s", error->message, error->detail ? "\n  " : "",
		     error->detail ?: "", error->hint ? "\n  hint: " : "", error->hint ?: "") < 0)
		return NULL;
	return text;
}
