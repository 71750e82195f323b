// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "model/run.h"
#include "support/error.h"

/* Newborn: enters its root and working directory (-1: left as they are) and sets the umask. */
struct error *root_and_cwd_restore(const struct task *task, int root_fd, int cwd_fd) must_check;
