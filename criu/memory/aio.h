// SPDX-License-Identifier: GPL-2.0
/* Rings of asynchronous I/O (io_setup(2)). For memory/. */
#pragma once

#include <string.h>

#include "memory/collection.h"

static inline bool is_aio_ring(const struct mapping_line *line)
{
	return line->shared && !strncmp(line->path, "/[aio]", 6);
}

/* Tree frozen: waits until requests that are under way have ended, so far as that can be seen; refuses those whose end
 * nobody can know. lines: all of the task. */
struct error *aio_settle(const struct task *task, const struct mapping_line *lines, size_t count) must_check;
