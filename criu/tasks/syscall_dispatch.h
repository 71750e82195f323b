// SPDX-License-Identifier: GPL-2.0
#pragma once

#include "model/run.h"
#include "support/error.h"

/* main, thread caught at the end of its program: it will have its dispatch when it is let go. */
void syscall_dispatch_restore(struct thread *thread);
