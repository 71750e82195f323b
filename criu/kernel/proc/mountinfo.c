// SPDX-License-Identifier: GPL-2.0
#include "kernel/proc/mountinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cleanup.h"
#include "support/file.h"

/* Blank, tab, newline and backslash are written as a backslash and three octal digits. */
static char *unescape(struct arena *arena, const char *text)
{
	char *out = arena_string(arena, text), *to = out;

	for (const char *at = out; *at; to++) {
		if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] && at[3]) {
			*to = (at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0');
			at += 4;
		} else {
			*to = *at++;
		}
	}
	*to = '\0';
	return out;
}

static struct error *parse(char *line, struct arena *arena, struct mount_line *out)
{
	char *rest = strstr(line, " - "), *place, *words[6];
	unsigned major, minor;

	if (!rest)
		return fail("unexpected text in mountinfo: %s", line);
	*rest = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		words[i] = strtok_r(i ? NULL : line, " ", &place);
		if (!words[i])
			return fail("a line of mountinfo has too few words");
	}
	if (sscanf(words[2], "%u:%u", &major, &minor) != 2)
		return fail("unexpected text in mountinfo: %s", words[2]);
	*out = (struct mount_line){ .id = atoi(words[0]),
				    .parent = atoi(words[1]),
				    .device = major << 20 | minor,
				    .root = unescape(arena, words[3]),
				    .path = unescape(arena, words[4]),
				    .type = arena_string(arena, strtok_r(rest + 3, " ", &place) ?: "") };
	return NULL;
}

struct error *mountinfo_read(int proc_fd, struct arena *arena, struct mount_line **ret, size_t *count)
{
	cleanup_free char *text = NULL;
	char *place, *line;
	size_t capacity = 0;

	*ret = NULL;
	*count = 0;
	TRY(read_file_at(proc_fd, "mountinfo", &text, NULL));
	for (line = strtok_r(text, "\n", &place); line; line = strtok_r(NULL, "\n", &place))
		TRY(parse(line, arena, arena_append(arena, *ret, *count, capacity)));
	return NULL;
}

const struct mount_line *mountinfo_find(const struct mount_line *mounts, size_t count, int id)
{
	for (size_t i = 0; i < count; i++)
		if (mounts[i].id == id)
			return &mounts[i];
	return NULL;
}
