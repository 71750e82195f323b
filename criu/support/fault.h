// SPDX-License-Identifier: GPL-2.0
/*
 * Faults on demand: CRIU_FAULT=GROUP:N lets the N-th call of a group fail, once, in whichever
 * process of the run makes it. The points are where criu meets the C library: the linker
 * gives every call of the functions in fault_list.h to a wrapper (ld(1), --wrap), so that no call can be
 * forgotten and no code shows it. Unset it costs a function call and a branch; N = 0 only counts.
 */
#pragma once

#include <stdbool.h>

#include "support/error.h"

enum fault_group {
	FAULT_allocation, /* malloc() and kin: no memory */
	FAULT_descriptor, /* open(), socket() and kin: too many open files */
	FAULT_read,	  /* of files and of other processes' memory */
	FAULT_write,	  /* the disk is full */
	FAULT_fork,	  /* processes and threads */
	FAULT_ptrace,	  /* taking hold of threads and looking at them; not letting them go */
	FAULT_injected,	  /* a system call inside a process of the tree or a newborn */
	FAULT_effect,	  /* any other system call that changes something and can fail */
	FAULT_GROUPS,
};

extern unsigned fault_groups; /* a bit for each group that is armed; 0 nearly always */
bool fault_count(enum fault_group group);

/* Main, first of all. text: of the environment, may be NULL. */
struct error *fault_setup(const char *text) must_check;

/* Shall this call fail? Says so on standard error. Any process or thread. */
static inline bool fault(enum fault_group group)
{
	return __builtin_expect(fault_groups & 1u << group, 0) && fault_count(group);
}
