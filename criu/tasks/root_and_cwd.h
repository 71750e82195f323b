// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "tasks/part.h"

/* Newborn: appends the calls that enter root and working directory and set the umask; the
 * descriptors are open when the program runs. */
struct error *root_and_cwd_emit(const struct task *task, int root_fd, int cwd_fd, struct batch *program) must_check;
/* Does this thread, which is not the leader, have directories of its own? */
bool root_and_cwd_is_own(const struct thread *thread);
/* Newborn: the same for such a thread. */
void root_and_cwd_emit_thread(const struct thread *thread, int root_fd, int cwd_fd, struct batch *program);
