// SPDX-License-Identifier: GPL-2.0
// seeds: test/fuzz/seeds/config
/* Any text as a configuration file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct options options;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	options_set_defaults(&options);
	error_free(config_text_parse(&options, text, "fuzz"));
	if (options.log_file && strlen(options.log_file) > size)
		abort();
	options_free(&options);
	free(text);
	return 0;
}
