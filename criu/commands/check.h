// SPDX-License-Identifier: GPL-2.0
/* criu check: what does this kernel support. main. */
#pragma once

#include "support/error.h"
#include "support/options.h"

struct error *check_command(const struct options *options, int *status) must_check;
