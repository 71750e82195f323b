// SPDX-License-Identifier: GPL-2.0
/* `crit x`: what a directory of images holds, for people to read. One process. */
#pragma once

#include <stdio.h>

#include "support/error.h"

/* what is one of explore_topics[]; the text goes to the stream. */
struct error *explore(const char *path, const char *what, FILE *stream) must_check;

struct explore_topic {
	const char *name, *help;
};
extern const struct explore_topic explore_topics[]; /* ends with a NULL name */
