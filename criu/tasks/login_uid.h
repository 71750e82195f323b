// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "model/run.h"
#include "support/error.h"

/* Newborn, before its credentials change: sets its audit user id when it differs. */
struct error *login_uid_restore(const struct task *task) must_check;
