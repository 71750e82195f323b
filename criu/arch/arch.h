// SPDX-License-Identifier: GPL-2.0
/*
 * What differs between architectures, as data conversions: the registers of a stopped
 * thread to and from the image. Implemented in arch/<architecture>/. Runs in main.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

#include "images/messages.h"
#include "support/arena.h"
#include "support/error.h"

/* Size of a buffer that holds any xstate of this processor. */
size_t arch_xstate_room(void);

/* General registers and FPU state into core->thread_info. compat: ia32
 * thread. An interrupted system call is left as it is. */
struct error *arch_registers_to_image(struct arena *arena, CoreEntry *core, const struct user_regs_struct *registers,
				      const void *xstate, size_t xstate_size, bool compat) must_check;
/* Was the thread in 32-bit mode? */
bool arch_core_is_compat(const CoreEntry *core);
/* What runs first when a thread that was stopped inside a system call goes on. */
enum arch_delivery {
	ARCH_NO_HANDLER,
	ARCH_HANDLER,	      /* of a signal, without SA_RESTART */
	ARCH_HANDLER_RESTART, /* with it */
};
/* Puts an interrupted system call back to its start, or ends it with EINTR where a handler
 * ends it: otherwise pause() and its kin would wait for a signal that has come already. */
void arch_settle_call(CoreEntry *core, enum arch_delivery delivery);
/* A system call with its arguments. */
struct arch_call {
	long number;
	uint64_t arg[6], stack, behind; /* stack pointer, address behind the instruction */
};
/* Is the thread of these registers (not settled yet) in a call that goes on where it was when the thread runs
 * (ERESTART_RESTARTBLOCK)? False for 32-bit threads. The number may be that of restart_syscall. */
bool arch_call_goes_on(const CoreEntry *core, struct arch_call *call);
/* It is this call in truth. */
void arch_name_call(CoreEntry *core, long number);
/* The call that settled registers would begin, if they stand before one. False for 32-bit threads. */
void arch_call_to_begin(const CoreEntry *core, struct arch_call *call);
/* From registers that would begin the call to those of a thread that was interrupted in it, with that result: negative
 * errno, or ARCH_GOES_ON. */
enum { ARCH_GOES_ON = -516 };
void arch_interrupt_call(struct user_regs_struct *registers, int64_t result);
/* Is the instruction that makes a system call there? */
bool arch_is_call(const unsigned char instruction[2]);

/* Is the image for this architecture, and can this processor hold its FPU state? Checks
 * every array's length. No side effects. */
struct error *arch_check_core(const CoreEntry *core) must_check;
/* Back: *size in: room, out: used; 0 when the image carries no FPU state. */
void arch_registers_from_image(const CoreEntry *core, struct user_regs_struct *registers, void *xstate, size_t *size);

/* What this processor can, for cpuinfo.img. */
CpuinfoEntry *arch_cpuinfo(struct arena *arena);
/* Is this processor (host) good enough for the image? mode: bits of the enum. */
enum { CPU_CHECK_FPU = 1, CPU_CHECK_INSTRUCTIONS = 2, CPU_CHECK_EXACT = 4 };
struct error *arch_cpuinfo_check(const CpuinfoEntry *image, const CpuinfoEntry *host, unsigned mode) must_check;
/* clone3() with a stack and CLONE_VM in the arguments: the child calls body(argument) and exits.
 * It has no thread-local storage of its own: body must not call the C library. Returns the
 * child's number or negative errno. newborn. */
struct clone_args;
int64_t arch_clone_and_call(const struct clone_args *arguments, size_t size, void (*body)(void *), void *argument);

/* Highest address a task may use, plus one. */
uint64_t arch_task_size(void);
/* The same of a 32-bit task. */
uint64_t arch_compat_task_size(void);
