// SPDX-License-Identifier: GPL-2.0
/* For fuzz targets: what must not fail, whatever the input was. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "support/error.h"

static inline void must(struct error *error)
{
	if (!error)
		return;
	fprintf(stderr, "%s\n", error->message);
	abort();
}
