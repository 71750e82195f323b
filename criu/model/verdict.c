// SPDX-License-Identifier: GPL-2.0
#include "model/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cleanup.h"

size_t verdict_mark(const struct dump *dump)
{
	return dump->verdicts ? dump->verdicts->count : 0;
}

static bool is_verdict(const struct error *error)
{
	return error->number != ENOMEM && error->number != EINTR && error->number != ETIMEDOUT;
}

/* Processes that share something may meet it twice. */
static bool is_known(const struct verdicts *verdicts, const struct error *error)
{
	for (size_t i = 0; i < verdicts->count; i++)
		if (!strcmp(verdicts->items[i]->message, error->message))
			return true;
	return false;
}

struct error *verdict(struct dump *dump, size_t mark, struct error *error, const char *format, ...)
{
	struct verdicts *verdicts = dump->verdicts;
	cleanup_free char *context = NULL;
	va_list arguments;

	if (!error && verdict_mark(dump) == mark)
		return NULL;
	if (format) {
		va_start(arguments, format);
		if (vasprintf(&context, format, arguments) < 0)
			context = NULL;
		va_end(arguments);
	}
	for (size_t i = mark; verdicts && context && i < verdicts->count; i++)
		verdicts->items[i] = with_context(verdicts->items[i], "%s", context);
	if (error && context)
		error = with_context(error, "%s", context);
	if (!error || !verdicts || !is_verdict(error))
		return error;
	if (is_known(verdicts, error))
		error_free(error);
	else
		*arena_append(dump->arena, verdicts->items, verdicts->count, verdicts->capacity) = error;
	return NULL;
}

void verdicts_free(struct verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->count; i++)
		error_free(verdicts->items[i]);
	*verdicts = (struct verdicts){ 0 };
}
