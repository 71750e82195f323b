// SPDX-License-Identifier: GPL-2.0
/* x86_64: calling conventions, and which system calls were interrupted by us. */
#include "compel/arch.h"

#include <asm/unistd.h>
#include <errno.h>

enum {
	CODE_64 = 0x33,
	CODE_32 = 0x23,
	STACK_SEGMENT = 0x2b,
	/* Kernel-internal answer of an interrupted call: start it again unless a handler runs. */
	RESTART_NO_HANDLER = 514,
	/* Carry, overflow and friends may stay; trap, direction and alignment check must not be set. */
	FLAGS_TO_CLEAR = 0x100 | 0x400 | 0x40000,
};

const unsigned char arch_syscall_instruction[] = { 0x0f, 0x05 };

/* orig_rax -1: the kernel must not take this for a system call to start again. */
static void prepare(struct user_regs_struct *registers, uint64_t at)
{
	registers->rip = at;
	registers->orig_rax = (uint64_t)-1;
	registers->cs = CODE_64;
	registers->ss = STACK_SEGMENT;
	registers->eflags &= ~(uint64_t)FLAGS_TO_CLEAR;
}

void arch_prepare_syscall(struct user_regs_struct *registers, uint64_t at, long number, const uint64_t arg[6])
{
	prepare(registers, at);
	registers->rax = (uint64_t)number;
	registers->rdi = arg[0];
	registers->rsi = arg[1];
	registers->rdx = arg[2];
	registers->r10 = arg[3];
	registers->r8 = arg[4];
	registers->r9 = arg[5];
}

int64_t arch_syscall_result(const struct user_regs_struct *registers)
{
	return (int64_t)registers->rax;
}

void arch_prepare_call(struct user_regs_struct *registers, uint64_t at, uint64_t argument, uint64_t stack_top,
		       uint64_t way_back)
{
	prepare(registers, at);
	registers->rax = 0;
	registers->rdi = argument;
	registers->rsp = stack_top;
	registers->rbx = way_back + ARCH_SYSCALL_SIZE; /* entry.S */
}

void arch_enter_way_back(struct user_regs_struct *registers, uint64_t at)
{
	prepare(registers, at + ARCH_SYSCALL_SIZE);
	registers->rax = 0;
}

bool arch_is_compat(const struct user_regs_struct *registers)
{
	return registers->cs == CODE_32;
}

bool arch_in_syscall(const struct user_regs_struct *registers, uint64_t *behind)
{
	if ((int64_t)registers->orig_rax < 0)
		return false;
	*behind = registers->rip;
	return true;
}

const uint64_t arch_status_offset = offsetof(struct user, u_debugreg[6]);
const uint64_t arch_status_none = 0xffff0ff0; /* DR6_RESERVED */

/* Calls that may begin again when they have not done anything. A time limit then begins again
 * too: each of them promises to wait for no less than that, and none to wait for no more. */
static bool can_begin_again(uint64_t number)
{
	switch (number) {
	case __NR_epoll_wait:
	case __NR_epoll_pwait:
	case __NR_epoll_pwait2:
	case __NR_semop:
	case __NR_semtimedop:
	case __NR_rt_sigtimedwait:
	case __NR_io_getevents:
	case __NR_io_pgetevents:
	/* On sockets with SO_RCVTIMEO or SO_SNDTIMEO. */
	case __NR_read:
	case __NR_readv:
	case __NR_recvfrom:
	case __NR_recvmsg:
	case __NR_accept:
	case __NR_accept4:
	case __NR_write:
	case __NR_writev:
	case __NR_sendto:
	case __NR_sendmsg:
		return true;
	default:
		return false;
	}
}

bool arch_hide_interruption(struct user_regs_struct *registers)
{
	if ((int64_t)registers->orig_rax < 0 || (int64_t)registers->rax != -EINTR || arch_is_compat(registers) ||
	    !can_begin_again(registers->orig_rax))
		return false;
	registers->rax = (uint64_t)-RESTART_NO_HANDLER;
	return true;
}
