// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "model/run.h"
#include "support/error.h"

/* Newborn, before its credentials change: writes its own oom_score_adj when it differs. */
struct error *oom_restore(const struct task *task) must_check;
