// SPDX-License-Identifier: GPL-2.0
/* criu cpuinfo dump|check: is this processor good enough for an image. main. */
#pragma once

#include "model/context.h"
#include "support/error.h"

struct error *cpuinfo_dump_command(struct criu *criu) must_check;
struct error *cpuinfo_check_command(struct criu *criu, int *status) must_check;
