// SPDX-License-Identifier: GPL-2.0
// seeds: test/images/4.2
/* Any bytes as an image: what decodes must be written as JSON, read again and encoded. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "crit/convert.h"
#include "crit/text.h"
#include "must.h"
#include "support/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decode_options options = { .pretty = size & 1 };
	struct json_object *json = NULL, *again = NULL;
	cleanup_free char *text = NULL, *image = NULL;
	size_t unknown, length, image_size;
	struct error *error = image_decode(data, size, "fuzz", &options, &json, &unknown);
	FILE *stream;

	if (error) {
		error_free(error);
		return 0;
	}
	stream = open_memstream(&text, &length);
	must(json_write(stream, json, size & 2));
	fclose(stream);
	json_object_put(json);
	must(json_parse(text, length, &again));
	must(image_encode(again, &image, &image_size));
	json_object_put(again);
	return 0;
}
