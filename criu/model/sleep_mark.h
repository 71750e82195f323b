// SPDX-License-Identifier: GPL-2.0
/*
 * When a thread's sleep ends, kept with the thread (compel_set_mark()): the kernel alone knows it, and tells nobody. Who
 * has interrupted the thread and lets it go on leaves it there for the next who saves it. It holds for one call: it is
 * signed with that call's arguments and place, and believed only of a call that goes on as restart_syscall.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "arch/arch.h"

/* end: CLOCK_MONOTONIC in ns. */
uint64_t sleep_mark(pid_t tid, const struct arch_call *call, int64_t end);
/* Is it the mark of this call? */
bool sleep_mark_fits(uint64_t mark, pid_t tid, const struct arch_call *call);
int64_t sleep_mark_end(uint64_t mark);
