// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "tasks/part.h"

/* Newborn: appends the calls that set the address space's fields; exe_fd is the new
 * executable's number in the newborn. PHASE_IDENTITY, before everything else in it. */
void memory_fields_emit(const struct task *task, int exe_fd, struct batch *program);
