// SPDX-License-Identifier: GPL-2.0
/* What other parts ask of descriptors that refer to processes. */
#pragma once

#include "files/plan.h"

/* The thread (not the first of its process) that an open file refers to, by its number; 0: it does not refer to
 * one. Threads come into being after the files: until then the descriptor is one of their process. */
pid_t pidfd_thread(const struct restore *restore, const struct planned_file *file);
