// SPDX-License-Identifier: GPL-2.0
// seeds: test/images/4.2
/* Any text as JSON: what encodes must decode, to the same image again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crit/convert.h"
#include "crit/text.h"
#include "must.h"
#include "support/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decode_options options = { .pretty = size & 1 };
	struct json_object *json = NULL, *again = NULL;
	cleanup_free char *image = NULL, *back = NULL;
	size_t unknown, image_size, back_size;
	struct error *error = json_parse((const char *)data, size, &json);

	if (!error)
		error = image_encode(json, &image, &image_size);
	json_object_put(json);
	if (error) {
		error_free(error);
		return 0;
	}
	must(image_decode(image, image_size, "fuzz", &options, &again, &unknown));
	must(image_encode(again, &back, &back_size));
	json_object_put(again);
	if (back_size != image_size || memcmp(back, image, image_size))
		abort();
	return 0;
}
