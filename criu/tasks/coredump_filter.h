// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "model/run.h"
#include "support/error.h"

/* Newborn: its address space is the task's already. */
struct error *coredump_filter_restore(const struct task *task) must_check;
