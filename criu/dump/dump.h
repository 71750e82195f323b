// SPDX-License-Identifier: GPL-2.0
/* The checkpoint: `criu dump`. Runs in main. */
#pragma once

#include "model/context.h"
#include "support/error.h"

/* Dumps the tree that the options name. On failure the tree runs on as it was. */
struct error *dump_command(struct criu *criu) must_check;
/* `criu inspect`: prints what stands in the way of a dump. *exit_status: 0 when nothing does, else 1. */
struct error *inspect_command(struct criu *criu, int *exit_status) must_check;
