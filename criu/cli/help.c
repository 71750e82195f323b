// SPDX-License-Identifier: GPL-2.0
/* Usage and help, from the lists. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/parse.h"
#include "kernel/features.h"

/* What --feature takes, in lines of a terminal's width. */
static void print_features(void)
{
	size_t column = 0;

	printf("\nFeatures (criu check --feature NAME):\n");
	for (enum feature i = 0; i < FEATURE_COUNT; i++) {
		const char *name = feature_rows[i].name;

		if (feature_find(name) == FEATURE_COUNT)
			continue;
		if (column && column + 1 + strlen(name) > 78) {
			printf("\n");
			column = 0;
		}
		column += printf("%s%s", column ? " " : "  ", name);
	}
	printf("\n");
}

void print_usage(void)
{
	printf("Usage: criu COMMAND [OPTIONS]\n       criu --help for commands and options\n");
}

void print_help(void)
{
	printf("Usage: criu COMMAND [OPTIONS]\n\nCommands:\n");
#define COMMAND(name, function, bit, help) printf("  %-14s %s\n", name, help);
#include "cli/command_list.h"
#undef COMMAND
	printf("\nOptions:\n");
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", row->name, *row->argument ? " " : "", row->argument);
		if (row->letter)
			printf("  -%c, ", row->letter);
		else
			printf("      ");
		printf("%-34s %s%s%s\n", left, row->help, row->negation ? " (--no- form turns it off)" : "",
		       row->built ? "" : " [not supported yet]");
	}
	print_features();
}
