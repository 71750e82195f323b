// SPDX-License-Identifier: GPL-2.0
/* --cpu-cap: which checks of the processor are wanted. main. */
#pragma once

#include "support/error.h"

/* "fpu,ins", "all", "none", "^cpu": text of the option, NULL when it was not given; absent: then what holds. */
struct error *cpu_capability_parse(const char *text, unsigned absent, unsigned *mode) must_check;
