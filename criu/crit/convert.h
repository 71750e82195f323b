// SPDX-License-Identifier: GPL-2.0
/*
 * A whole image as JSON and back: {"magic": NAME, "entries": [...]}, where payload behind
 * an entry is its key "extra". Any process; the fuzzers call these too.
 */
#pragma once

#include <json-c/json.h>
#include <stddef.h>

#include "support/error.h"

struct decode_options {
	bool pretty;	 /* numbers in the forms that people read */
	bool no_payload; /* "extra" says only how much there is */
};

/* The caller owns *ret. name is for messages. *unknown_fields counts what this program does not
 * know and leaves out. */
struct error *image_decode(const void *data, size_t size, const char *name, const struct decode_options *options,
			   struct json_object **ret, size_t *unknown_fields) must_check;
/* {"magic": NAME, "count": N}, for a pagemap also the sum of its pages. The caller owns *ret. */
struct error *image_info(const void *data, size_t size, const char *name, struct json_object **ret) must_check;
/* The bytes of the image; the caller frees *ret. */
struct error *image_encode(struct json_object *json, char **ret, size_t *size) must_check;
