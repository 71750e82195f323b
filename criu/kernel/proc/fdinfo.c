// SPDX-License-Identifier: GPL-2.0
#include "kernel/proc/fdinfo.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cleanup.h"
#include "support/file.h"

enum { FIRST_BYTES = 4096 };

/* The kernel makes all of it at once: what does not fill the buffer is all. */
struct error *fdinfo_read(int fd, char **text)
{
	cleanup_free char *buffer = malloc(FIRST_BYTES);
	cleanup_close int info = -1;
	char path[48];
	ssize_t length;

	if (!buffer)
		return out_of_memory();
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	length = info < 0 ? -1 : read(info, buffer, FIRST_BYTES - 1);
	if (length < 0)
		return fail_errno("could not read %s", path);
	if (length == FIRST_BYTES - 1)
		return read_file_at(AT_FDCWD, path, text, NULL);
	buffer[length] = '\0';
	*text = take_pointer(buffer);
	return NULL;
}

struct error *fdinfo_read_of(int proc_fd, int number, char **text)
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
