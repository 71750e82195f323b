// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "model/run.h"
#include "support/error.h"

/* Newborn, in its session and before its credentials change: gives the session's autogroup its nice value. */
struct error *autogroup_restore(const struct task *task) must_check;
