// SPDX-License-Identifier: GPL-2.0
#include "kernel/proc/fdinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/file.h"

struct error *fdinfo_read(int proc_fd, int number, char **text)
{
	char path[32];

	snprintf(path, sizeof(path), "fdinfo/%d", number);
	return read_file_at(proc_fd, path, text, NULL);
}

const char *fdinfo_line(const char *place, const char *name, const char **rest)
{
	size_t length = strlen(name);

	while (place && *place) {
		if (!strncmp(place, name, length) && place[length] == ':') {
			*rest = place + length + 1;
			return place;
		}
		place = strchr(place, '\n');
		if (place)
			place++;
	}
	return NULL;
}

struct error *fdinfo_number(const char *text, const char *name, int base, uint64_t *value)
{
	const char *rest;
	char *end;

	if (!fdinfo_line(text, name, &rest))
		return fail("fdinfo has no %s", name);
	*value = strtoull(rest, &end, base);
	return end != rest ? NULL : fail("unexpected text in fdinfo: %s", name);
}
