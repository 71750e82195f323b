// SPDX-License-Identifier: GPL-2.0
#include "cli/parse.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/log.h"

const struct option_row option_rows[] = {
#define OPTION(field, name, letter, type, negation, commands, rpc, built, argument, help)                              \
	{                                                                                                              \
		name,	       rpc,	 argument, help,     letter,                                                   \
		OPTION_##type, negation, built,	   commands, offsetof(struct options, field)                           \
	},
#include "support/option_list.h"
#undef OPTION
};
const size_t option_row_count = sizeof(option_rows) / sizeof(option_rows[0]);

void options_set_defaults(struct options *options)
{
	memset(options, 0, sizeof(*options));
	options->verbosity = 2;
	options->ghost_limit = 1 << 20;
	options->ghost_fiemap = true;
	options->images_dir = ".";
	options->status_fd = -1;
	options->ps_socket = -1;
	options->close = -1;
	options->deprecated = getenv("CRIU_DEPRECATED") != NULL;
}

void options_free(struct options *options)
{
	arena_free(&options->arena);
}

static const struct option_row *find_row(const char *name, size_t length)
{
	for (size_t i = 0; i < option_row_count; i++)
		if (strlen(option_rows[i].name) == length && !strncmp(option_rows[i].name, name, length))
			return &option_rows[i];
	return NULL;
}

static struct error *parse_number(const struct option_row *row, const char *text, long lowest, int *value)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < lowest || number > INT_MAX)
		return fail("invalid value \"%s\" for --%s", text, row->name);
	*value = number;
	return NULL;
}

static struct error *parse_size(const struct option_row *row, const char *text, uint64_t *value)
{
	static const char units[] = "KMG";
	char *end;
	unsigned long long number = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	unsigned shift = unit ? 10 * (unit - units + 1) : 0;

	if (end == text || *text == '-' || (*end && (!unit || end[1])) || number > UINT64_MAX >> shift)
		return with_hint(fail("invalid value \"%s\" for --%s", text, row->name),
				 "Give a number of bytes, with K, M or G behind it for larger units.");
	*value = (uint64_t)number << shift;
	return NULL;
}

static struct error *add_to_list(struct arena *arena, struct text_list *list, const char *text)
{
	*arena_append(arena, list->items, list->count, list->capacity) = text;
	return NULL;
}

static struct error *not_built(const struct option_row *row)
{
	if (row->type == OPTION_REMOVED)
		return with_hint(fail("the option --%s was removed", row->name), "Leave it out.");
	return with_hint(fail("the option --%s is not supported yet", row->name), "Leave it out.");
}

static struct error *set_value(struct options *options, const struct option_row *row, const char *value)
{
	void *place = (char *)options + row->offset;

	if (!row->built)
		return not_built(row);
	switch (row->type) {
	case OPTION_FLAG:
	case OPTION_ACTION:
	case OPTION_REMOVED:
		*(bool *)place = true;
		return NULL;
	case OPTION_ALL:
		options->all = options->extra = options->experimental = true;
		return NULL;
	case OPTION_PID:
		return parse_number(row, value, 1, place);
	case OPTION_NUMBER:
	case OPTION_CLOSE:
		return parse_number(row, value, 0, place);
	case OPTION_VERBOSITY:
		return parse_number(row, value, 0, place);
	case OPTION_SIZE:
		return parse_size(row, value, place);
	case OPTION_TEXT:
	case OPTION_OPTIONAL_TEXT:
		*(const char **)place = value ?: "";
		return NULL;
	case OPTION_LIST:
		return add_to_list(&options->arena, place, value);
	}
	return NULL;
}

static bool takes_none(const struct option_row *row)
{
	return row->type == OPTION_FLAG || row->type == OPTION_ACTION || row->type == OPTION_ALL ||
	       row->type == OPTION_REMOVED;
}

static bool takes_value(const struct option_row *row)
{
	return !takes_none(row) && row->type != OPTION_OPTIONAL_TEXT && row->type != OPTION_VERBOSITY;
}

static struct error *unknown(const char *name)
{
	return with_hint(fail("unknown option --%s", name), "See criu --help for the list of options.");
}

static struct error *set_named(struct options *options, const char *name, size_t length, const char *value)
{
	const struct option_row *row = find_row(name, length);

	if (!row && length > 3 && !strncmp(name, "no-", 3)) {
		row = find_row(name + 3, length - 3);
		if (!row || !row->negation)
			return unknown(name);
		if (value)
			return fail("--%s takes no value", name);
		*(bool *)((char *)options + row->offset) = false;
		return NULL;
	}
	if (!row)
		return unknown(name);
	if (!value && takes_value(row))
		return fail("--%s needs a value", row->name);
	if (value && takes_none(row))
		return fail("--%s takes no value", row->name);
	if (!value && row->type == OPTION_VERBOSITY) {
		options->verbosity++;
		return NULL;
	}
	return set_value(options, row, value);
}

struct error *option_set(struct options *options, const char *name, const char *value)
{
	return set_named(options, name, strlen(name), value);
}

/* ---- argv ---- */

struct arguments {
	char **next, **end;
	struct command_line *line;
};

static void note(struct arguments *arguments, const struct option_row *row)
{
	if (row)
		arguments->line->given[row - option_rows] = true;
}

static struct error *parse_long(struct arguments *arguments, char *text)
{
	char *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) : strlen(text);
	const struct option_row *row = find_row(text, length);
	const char *value = equals ? equals + 1 : NULL;

	note(arguments, row);
	if (!value && row && takes_value(row)) {
		if (arguments->next == arguments->end)
			return fail("--%s needs a value", row->name);
		value = *arguments->next++;
	}
	if (length == strlen(text))
		return set_named(&arguments->line->options, text, length, value);
	*equals = '\0';
	return set_named(&arguments->line->options, text, length, value);
}

/* -v, -vvv, -v4: the number must be attached. */
static struct error *parse_verbosity(struct options *options, const char *text)
{
	static const struct option_row row = { .name = "verbosity" };

	if (*text >= '0' && *text <= '9')
		return parse_number(&row, text, 0, &options->verbosity);
	options->verbosity += strspn(text, "v") + 1;
	return text[strspn(text, "v")] ? fail("invalid value \"%s\" for -v", text) : NULL;
}

static const struct option_row *find_letter(char letter)
{
	for (size_t i = 0; i < option_row_count; i++)
		if (option_rows[i].letter == letter)
			return &option_rows[i];
	return NULL;
}

static struct error *parse_short(struct arguments *arguments, const char *text)
{
	struct options *options = &arguments->line->options;

	for (; *text; text++) {
		const struct option_row *row = find_letter(*text);

		if (!row)
			return with_hint(fail("unknown option -%c", *text), "See criu --help for the list of options.");
		note(arguments, row);
		if (row->type == OPTION_VERBOSITY)
			return parse_verbosity(options, text + 1);
		if (!takes_value(row)) {
			TRY(set_value(options, row, row->type == OPTION_OPTIONAL_TEXT ? text + 1 : NULL));
			if (row->type == OPTION_OPTIONAL_TEXT)
				return NULL;
			continue;
		}
		if (text[1])
			return set_value(options, row, text + 1);
		if (arguments->next == arguments->end)
			return fail("-%c needs a value", *text);
		return set_value(options, row, *arguments->next++);
	}
	return NULL;
}

static struct error *parse_word(struct command_line *line, const char *text)
{
	if (!line->command)
		line->command = text;
	else if (!line->word)
		line->word = text;
	else
		return with_hint(fail("unexpected argument \"%s\"", text), "See criu --help.");
	return NULL;
}

static struct error *parse_arguments(struct arguments *arguments)
{
	while (arguments->next < arguments->end) {
		char *text = *arguments->next++;

		if (!strcmp(text, "--")) {
			arguments->line->options.exec_command = arguments->next;
			return NULL;
		}
		if (!strncmp(text, "--", 2))
			TRY(parse_long(arguments, text + 2));
		else if (text[0] == '-' && text[1])
			TRY(parse_short(arguments, text + 1));
		else
			TRY(parse_word(arguments->line, text));
	}
	return NULL;
}

/* ---- configuration files ---- */

static struct error *read_user_file(struct options *options)
{
	const char *home = getenv("HOME");
	char path[PATH_MAX];

	if (!home || snprintf(path, sizeof(path), "%s/.criu/default.conf", home) >= (int)sizeof(path))
		return NULL;
	return config_file_read(options, path);
}

/* --config and --no-default-config decide which files are read, before anything else is parsed. */
static const char *find_config(int argc, char **argv, bool *no_defaults)
{
	const char *path = NULL;

	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--no-default-config"))
			*no_defaults = true;
		else if (!strncmp(argv[i], "--config=", 9))
			path = argv[i] + 9;
		else if (!strcmp(argv[i], "--config") && i + 1 < argc)
			path = argv[i + 1];
	}
	return path;
}

static struct error *read_config_files(struct options *options, int argc, char **argv)
{
	const char *environment = getenv("CRIU_CONFIG_FILE");
	bool no_defaults = false;
	const char *path = find_config(argc, argv, &no_defaults);

	if (!no_defaults && !path) {
		TRY(config_file_read(options, "/etc/criu/default.conf"));
		TRY(read_user_file(options));
	}
	if (environment)
		TRY(config_file_read(options, environment));
	return path ? config_file_read(options, path) : NULL;
}

struct error *parse_command_line(int argc, char **argv, struct command_line *line)
{
	struct arguments arguments = { argv + 1, argv + argc, line };

	memset(line, 0, sizeof(*line));
	options_set_defaults(&line->options);
	TRY(read_config_files(&line->options, argc, argv));
	TRY(parse_arguments(&arguments));
	/* One letter, one flag: which of both it means depends on the command. */
	line->options.restore_detached |= line->options.daemon;
	line->options.daemon = line->options.restore_detached;
	line->help = line->options.help;
	line->version = line->options.version;
	return NULL;
}

/* ---- options and commands ---- */

/* Without these the command would do something else than what was meant. */
static bool is_strict(const struct option_row *row)
{
	return !strcmp(row->name, "inherit-fd") || !strcmp(row->name, "mntns-compat-mode") ||
	       !strcmp(row->name, "stream");
}

/* --restore-detached and --daemon are one flag. */
static uint32_t commands_of(const struct option_row *row)
{
	uint32_t commands = row->commands;

	for (size_t i = 0; i < option_row_count && row->letter; i++)
		if (option_rows[i].letter == row->letter)
			commands |= option_rows[i].commands;
	return commands;
}

struct error *check_applicable(const struct command_line *line, uint32_t command)
{
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (!line->given[i] || (commands_of(row) & command))
			continue;
		if (is_strict(row))
			return fail("the option --%s cannot be used with %s", row->name, line->command);
		log_warning("the option --%s has no meaning for %s, ignored", row->name, line->command);
	}
	return NULL;
}
