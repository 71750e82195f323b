// SPDX-License-Identifier: GPL-2.0
/* The second half of a POSIX timer's restore: creating needs ids early, arming comes last. */
#pragma once

#include "tasks/part.h"

/* Newborn: appends the calls that arm the timers (PHASE_GO). */
void arm_posix_timers(const struct thread *leader, struct batch *program);
