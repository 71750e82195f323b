// SPDX-License-Identifier: GPL-2.0
/* Small parsers over text in memory, for the files of /proc. Pure; any process. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Reads a number at *text, moves *text behind it. False when there is no digit. */
static inline bool text_hex(const char **text, uint64_t *value)
{
	const char *start = *text;

	for (*value = 0;; (*text)++) {
		char c = **text;

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*value = *value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return *text != start;
	}
}

static inline bool text_decimal(const char **text, uint64_t *value)
{
	const char *start = *text;

	for (*value = 0; **text >= '0' && **text <= '9'; (*text)++)
		*value = *value * 10 + (uint64_t)(**text - '0');
	return *text != start;
}
