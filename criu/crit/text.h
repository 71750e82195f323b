// SPDX-License-Identifier: GPL-2.0
/*
 * Texts that crit writes and reads: JSON laid out as its users know it, base64 in lines of
 * 76 and quoted-printable. Any process.
 */
#pragma once

#include <json-c/json.h>
#include <stddef.h>
#include <stdio.h>

#include "support/error.h"

static inline void cleanup_put_json(struct json_object **object)
{
	json_object_put(*object);
}

#define cleanup_json __attribute__((cleanup(cleanup_put_json)))

/* Four spaces a level, or all in one line; ends with a newline either way. Bytes that are
 * no UTF-8 are written as they are, everything else beyond ASCII as \u escapes. */
struct error *json_write(FILE *stream, struct json_object *object, bool pretty) must_check;
/* The whole text must be one value. The caller owns *ret. */
struct error *json_parse(const char *text, size_t length, struct json_object **ret) must_check;

/* Both make a string object (the caller's), NULL when out of memory. */
struct json_object *base64_show(const void *data, size_t length);
struct json_object *quoted_show(const void *data, size_t length);
/* *ret is the caller's to free; never NULL on success. White space in base64 is passed over. */
struct error *base64_parse(const char *text, size_t length, unsigned char **ret, size_t *ret_length) must_check;
struct error *quoted_parse(const char *text, size_t length, unsigned char **ret, size_t *ret_length) must_check;
