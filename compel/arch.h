// SPDX-License-Identifier: GPL-2.0
/*
 * What compel needs to know about a processor: implemented in compel/arch/<name>/. For
 * compel only; runs in the tracer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "support/error.h"

/* The bytes of the instruction that makes a system call. */
extern const unsigned char arch_syscall_instruction[];
enum { ARCH_SYSCALL_SIZE = 2 };

/* Registers for one system call made at instruction `at`, starting from those of the thread. */
void arch_prepare_syscall(struct user_regs_struct *registers, uint64_t at, long number, const uint64_t arg[6]);
int64_t arch_syscall_result(const struct user_regs_struct *registers);
/* Registers for the entry of a blob with one argument on a new stack; where it goes when it returns. */
void arch_prepare_call(struct user_regs_struct *registers, uint64_t at, uint64_t argument, uint64_t stack_top,
		       uint64_t way_back);
/* Registers for what is behind the call of a way back that lies at `at`. */
void arch_enter_way_back(struct user_regs_struct *registers, uint64_t at);
/* Fills the last part of a copy of compel_way_back (compel/internal.h) with what the thread has (registers, mask,
 * signal), which is borrowed or about to be. mapped_size, left: see there; left may be NULL. */
struct compel_thread;
struct left;
void arch_fill_way_back(void *copy, const struct compel_thread *thread, uint64_t mapped_size, const struct left *left);
/* How much of a copy is always the same. */
size_t arch_way_back_code_size(void);
/* What was filled in. */
struct left arch_way_back_left(const void *copy);
/* Is a thread with these registers in a copy at `start`, behind the end of its last call? Then all that is left to do is to set
 * the registers that the copy has; registers of other parts stay as they are. */
bool arch_leave_way_back(const void *copy, uint64_t start, struct user_regs_struct *registers);
/* True if the thread is in 32-bit mode. */
bool arch_is_compat(const struct user_regs_struct *registers);
/* If the thread was stopped inside a system call: true, and the address right behind the
 * instruction that made it. */
bool arch_in_syscall(const struct user_regs_struct *registers, uint64_t *behind);
/* The kernel wakes some system calls with EINTR when a tracer comes, although it could start
 * them again without anybody noticing. Makes the registers ask for that. True if changed. */
bool arch_hide_interruption(struct user_regs_struct *registers);
/* Where a tracer finds the debug status register of a thread (PTRACE_PEEKUSER, ptrace(2)), and what it is at first. */
extern const uint64_t arch_status_offset, arch_status_none;
/* FPU and vector registers in the form the kernel gives them. A shorter state of another
 * machine is completed; one with parts that this processor lacks is an error. */
struct error *arch_get_xstate(pid_t tid, void *data, size_t *size) must_check;
struct error *arch_set_xstate(pid_t tid, const void *data, size_t size) must_check;
/* Calls in our code push return addresses to the shadow stack, and the runner never
 * returns. 0: the thread has none. */
void arch_get_shadow_stack(pid_t tid, uint64_t *pointer);
void arch_set_shadow_stack(pid_t tid, uint64_t pointer);
