// SPDX-License-Identifier: GPL-2.0
/*
 * The options of a run, as plain data: generated from support/option_list.h. Written by the parser
 * (or an RPC request), constant afterwards. Any layer may read them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"

/* Commands, as bits. */
enum {
	FOR_DUMP = 1 << 0,
	FOR_PRE_DUMP = 1 << 1,
	FOR_RESTORE = 1 << 2,
	FOR_CHECK = 1 << 3,
	FOR_CPUINFO = 1 << 4,
	FOR_PAGE_SERVER = 1 << 5,
	FOR_LAZY_PAGES = 1 << 6,
	FOR_SERVICE = 1 << 7,
	FOR_DEDUP = 1 << 8,
	FOR_ALL = (1 << 9) - 1,
};

struct text_list {
	const char **items;
	size_t count, capacity;
};

/* C type of each option type. */
typedef bool option_FLAG;
typedef bool option_ALL;
typedef bool option_ACTION;
typedef bool option_REMOVED;
typedef int option_PID;
typedef int option_NUMBER;
typedef int option_CLOSE;
typedef int option_VERBOSITY;
typedef uint64_t option_SIZE;
typedef const char *option_TEXT;
typedef const char *option_OPTIONAL_TEXT; /* "" when given without a value */
typedef struct text_list option_LIST;

struct options {
#define OPTION(field, name, letter, type, negation, commands, rpc, built, argument, help) option_##type field;
#include "support/option_list.h"
#undef OPTION
	char **exec_command; /* behind --, NULL-terminated */
	struct arena arena;  /* of lists and of texts from files */
};
