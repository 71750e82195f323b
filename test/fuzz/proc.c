// SPDX-License-Identifier: GPL-2.0
// seeds: test/fuzz/seeds/proc
/* Any text as a file of /proc: names of programs and files in them are chosen by others. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/proc/fdinfo.h"
#include "kernel/proc/maps.h"
#include "kernel/proc/stat.h"
#include "kernel/proc/status.h"
#include "kernel/proc/timers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy that ends where the allocation ends, so that a step beyond it is seen. */
static char *copy(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void read_maps(char *text, struct arena *arena)
{
	struct mapping_line *lines;
	size_t count;
	struct error *error = maps_parse(text, arena, &lines, &count);

	for (size_t i = 0; !error && i < count; i++)
		if (lines[i].start >= lines[i].end || strlen(lines[i].path) > 1 << 20)
			abort();
	error_free(error);
}

static void read_fdinfo(const char *text)
{
	const char *rest;
	uint64_t value;
	unsigned lines = 0;

	error_free(fdinfo_number(text, "eventfd-count", 16, &value));
	for (const char *line = text; (line = fdinfo_line(line, "tfd", &rest)); line = rest)
		if (++lines > 1 << 20)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct proc_timer *timers;
	struct proc_status status;
	struct proc_stat stat;
	size_t count;
	char *text = copy(data, size);

	error_free(proc_status_parse(text, &arena, &status));
	error_free(proc_timers_parse(text, &arena, &timers, &count));
	read_fdinfo(text);
	error_free(proc_stat_parse(text, &arena, &stat)); /* these two change it */
	free(text);
	text = copy(data, size);
	read_maps(text, &arena);
	free(text);
	arena_free(&arena);
	return 0;
}
