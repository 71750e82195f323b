// SPDX-License-Identifier: GPL-2.0
/* Who has a process number that a restore needs. main and newborns. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "support/error.h"

/* Looks for a process, thread, group or session with this number. *passing: only zombies hold
 * it, so it may be free as soon as somebody reaps them. The answer is an error that names the holder. */
struct error *busy_number(pid_t number, bool *passing) must_check;
