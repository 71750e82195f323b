// SPDX-License-Identifier: GPL-2.0
/* The restore: `criu restore`. Runs in main. */
#pragma once

#include "model/context.h"
#include "support/error.h"

/* Restores the tree in the images directory. *exit_status: what criu itself ends with when
 * all went well. On failure nothing of the tree is left. */
struct error *restore_command(struct criu *criu, int *exit_status) must_check;
