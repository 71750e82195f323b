// SPDX-License-Identifier: GPL-2.0
/*
 * The program that turns a newborn into a task: THE PHASES. Built in the newborn from the
 * parts and the memory family, one batch per thread, placed in an arena that survives the
 * unmapping of everything else.
 */
#pragma once

#include "memory/memory.h"
#include "model/run.h"
#include "model/handover.h"
#include "support/error.h"

/* Newborn: bytes of address space to reserve for the arena of this task. */
size_t program_room(const struct restore *restore, const struct task *task);
/* Newborn, last thing: builds and places the programs of all threads at layout->hole and
 * jumps into the leader's. Returns only on failure. exe_fd: new executable, or -1. */
struct error *program_run(struct restore *restore, struct task *task, struct memory_layout *layout,
			  const struct handover *handover) must_check;
