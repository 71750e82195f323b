// SPDX-License-Identifier: GPL-2.0
/* Usage and help, from the lists, for a terminal of 80 columns. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/parse.h"
#include "kernel/features.h"

enum { WIDTH = 79, TEXT_COLUMN = 30, SERVERS = FOR_PAGE_SERVER | FOR_LAZY_PAGES | FOR_SERVICE };

/* Writes words from an indent on, in lines that fit; column: where the cursor is. */
static void print_wrapped(const char *text, size_t column, size_t indent)
{
	if (column >= indent && column) {
		printf("\n");
		column = 0;
	}
	column += printf("%*s", (int)(indent - column), "");
	for (bool first = true; *text; first = false) {
		size_t length = strcspn(text, " ");

		if (first)
			column += printf("%.*s", (int)length, text);
		else if (column + 1 + length <= WIDTH)
			column += printf(" %.*s", (int)length, text);
		else
			column = printf("\n%*s%.*s", (int)indent, "", (int)length, text) - 1;
		text += length;
		text += strspn(text, " ");
	}
	printf("\n");
}

/* ---- groups ---- */

enum group { COMMON, DUMP, BOTH, RESTORE, CHECK, SERVER, GROUP_COUNT };

static const char *const titles[GROUP_COUNT] = {
	"Options of all commands",
	"Options of dump and pre-dump",
	"Options of dump and restore",
	"Options of restore",
	"Options of check",
	"Options of page-server, lazy-pages and service, and of dumps that talk to them",
};

static enum group group_of(const struct option_row *row)
{
	bool dump = row->commands & (FOR_DUMP | FOR_PRE_DUMP), restore = row->commands & FOR_RESTORE;

	if (row->commands == FOR_ALL)
		return COMMON;
	if (row->commands == FOR_CHECK)
		return CHECK;
	if ((row->commands & SERVERS) && !restore)
		return SERVER;
	return dump && restore ? BOTH : restore ? RESTORE : DUMP;
}

static void print_option(const struct option_row *row)
{
	bool optional = row->type == OPTION_OPTIONAL_TEXT || row->type == OPTION_VERBOSITY;
	char text[512];
	int column = row->letter ? printf("  -%c, ", row->letter) : printf("      ");

	column += printf("--%s%s%s", row->name, *row->argument && !optional ? " " : "", row->argument);
	snprintf(text, sizeof(text), "%s%s", row->help, row->built ? "" : " [not supported yet]");
	print_wrapped(text, column, TEXT_COLUMN);
}

static void print_group(enum group group)
{
	printf("\n%s:\n", titles[group]);
	for (size_t i = 0; i < option_row_count; i++)
		if (group_of(&option_rows[i]) == group && option_rows[i].type != OPTION_REMOVED)
			print_option(&option_rows[i]);
}

/* What --feature takes. */
static void print_features(void)
{
	char text[2048] = "";

	printf("\nFeatures (criu check --feature NAME):\n");
	for (enum feature i = 0; i < FEATURE_COUNT; i++) {
		if (feature_find(feature_rows[i].name) == FEATURE_COUNT)
			continue;
		strcat(text, *text ? " " : "");
		strcat(text, feature_rows[i].name);
	}
	print_wrapped(text, 0, 2);
}

void print_usage(void)
{
	printf("Usage: criu COMMAND [OPTIONS]\n"
	       "       criu dump -t PID [OPTIONS]\n"
	       "       criu restore [OPTIONS]\n"
	       "Commands and options: criu --help\n");
}

void print_help(void)
{
	printf("Usage: criu COMMAND [OPTIONS]\n\n"
	       "Saves a tree of processes to image files and brings it back from them.\n\nCommands:\n");
#define COMMAND(name, function, bit, help) print_wrapped(help, printf("  %s", name), 16);
#include "cli/command_list.h"
#undef COMMAND
	for (enum group group = 0; group < GROUP_COUNT; group++)
		print_group(group);
	print_features();
	printf("\nMost flags can be taken back by --no-NAME, as after a configuration file.\n"
	       "More: man 8 criu\n");
}
