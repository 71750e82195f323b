// SPDX-License-Identifier: GPL-2.0
/* Configuration files: one long option a line, without dashes, then maybe a value. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cli/parse.h"
#include "support/cleanup.h"
#include "support/file.h"

static char *skip_blanks(char *place)
{
	return place + strspn(place, " \t\r");
}

/* "text" with \" for a quote inside; *end is set behind the closing quote. */
static struct error *read_quoted(char *place, char **value, char **end)
{
	char *to = place;

	*value = place;
	for (; *place && *place != '"'; place++) {
		if (place[0] == '\\' && place[1] == '"')
			place++;
		*to++ = *place;
	}
	if (*place != '"')
		return fail("a quote is not closed");
	*end = place + 1;
	*to = '\0';
	return NULL;
}

static struct error *parse_line(struct options *options, char *line)
{
	char *name = skip_blanks(line), *place, *value = NULL;
	bool blank;

	if (!*name || *name == '#')
		return NULL;
	place = name + strcspn(name, " \t\r#");
	blank = *place && *place != '#';
	if (*place == '#') {
		*place = '\0';
		return option_set(options, name, NULL);
	}
	if (blank)
		*place++ = '\0';
	place = skip_blanks(place);
	if (*place == '"') {
		TRY(read_quoted(place + 1, &value, &place));
	} else if (*place && *place != '#') {
		value = place;
		place += strcspn(place, " \t\r");
		if (*place)
			*place++ = '\0';
	}
	place = skip_blanks(place);
	if (*place && *place != '#')
		return fail("unexpected text behind the value of %s", name);
	return option_set(options, name, value);
}

struct error *config_text_parse(struct options *options, char *text, const char *path)
{
	unsigned number = 1;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		TRY(with_context(parse_line(options, line), "%s, line %u", path, number));
		number++;
	}
	return NULL;
}

struct error *config_file_read(struct options *options, const char *path)
{
	struct error *error;
	cleanup_free char *text = NULL;
	size_t length;

	error = read_file_at(AT_FDCWD, path, &text, &length);
	if (error) { /* one that cannot be opened is skipped */
		error_free(error);
		return NULL;
	}
	return config_text_parse(options, arena_copy(&options->arena, text, length + 1), path);
}
