// SPDX-License-Identifier: GPL-2.0
/* Usage and help, from the lists. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/parse.h"

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
}
