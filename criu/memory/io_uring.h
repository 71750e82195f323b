// SPDX-License-Identifier: GPL-2.0
/* The memory of io_uring instances. For memory/; newborns. */
#pragma once

#include "memory/place.h"

/* All else is at its place, but for the vdso: calls that map the rings at theirs. hole: range of the arena. */
void io_uring_emit(struct restore *restore, const struct placement *placement, const struct page_range *hole,
		   struct batch *program);
