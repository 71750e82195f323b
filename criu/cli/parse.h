// SPDX-License-Identifier: GPL-2.0
/* argv, environment and configuration files to options. main, at start. */
#pragma once

#include "support/error.h"
#include "support/options.h"

/* One row of support/option_list.h. */
struct option_row {
	const char *name, *rpc, *argument, *help;
	char letter;
	enum option_type {
		OPTION_FLAG,
		OPTION_ALL,
		OPTION_ACTION,
		OPTION_REMOVED,
		OPTION_PID,
		OPTION_NUMBER,
		OPTION_CLOSE,
		OPTION_VERBOSITY,
		OPTION_SIZE,
		OPTION_TEXT,
		OPTION_OPTIONAL_TEXT,
		OPTION_LIST,
	} type;
	bool negation, built;
	uint32_t commands;
	size_t offset; /* in struct options */
};
extern const struct option_row option_rows[];
extern const size_t option_row_count;

enum {
	OPTION_COUNT = 0
#define OPTION(field, name, letter, type, negation, commands, rpc, built, argument, help) +1
#include "support/option_list.h"
#undef OPTION
};

struct command_line {
	struct options options;
	const char *command; /* NULL: none was given */
	const char *word;    /* what follows it: cpuinfo dump, swrk FD */
	bool help, version;
	bool given[OPTION_COUNT]; /* by row: was it on the command line? Files hold options for every command. */
};

/* Values that hold when nothing is given. */
void options_set_defaults(struct options *options);
void options_free(struct options *options);
/* Configuration files, then argv. Texts point into argv or live as long as the options.
 * Also after an error the caller frees line->options. */
struct error *parse_command_line(int argc, char **argv, struct command_line *line) must_check;
/* Sets one option by its long name (without dashes); value NULL: none was given. */
struct error *option_set(struct options *options, const char *name, const char *value) must_check;
/* One configuration file; a missing one is fine. */
struct error *config_file_read(struct options *options, const char *path) must_check;
/* Its text, which is changed: values point into it. path: for messages. */
struct error *config_text_parse(struct options *options, char *text, const char *path) must_check;

/* Options of the command line that mean nothing to this command (a bit of FOR_...): most are only
 * told in the log, since programs give more than they need; some would be a misunderstanding. */
struct error *check_applicable(const struct command_line *line, uint32_t command) must_check;

void print_help(void);
void print_usage(void);
