// SPDX-License-Identifier: GPL-2.0
/* The commands: command_list.h. Each runs in main with the finished command line. */
#pragma once

#include "cli/parse.h"

/* *status: criu's exit status; with an error, 0 means 1. */
typedef struct error *(*command_function)(const struct command_line *line, int *status);

struct command {
	const char *name;
	command_function function;
	uint32_t bit;
};

/* NULL: there is no such command. */
const struct command *command_find(const char *name);
