// SPDX-License-Identifier: GPL-2.0
/* x86_64: what the code in way_back.S needs to know. */
#include "compel/arch.h"

#include <asm/unistd.h>
#include <string.h>

#include "compel/internal.h"

enum {
	/* Kernel-internal answers of an interrupted call: start it again as it was, or by restart_syscall. */
	RESTART_FIRST = 512,
	RESTART_LAST = 514,
	RESTART_BLOCK = 516,
	RESTART_SYSCALL_32 = 0,
	GENERAL_COUNT = 15, /* registers in front of struct user_regs_struct: r15 to rdi */
};

/* The last part of the code. */
struct data {
	uint64_t everything; /* all signals */
	uint64_t mapped_size, blocked, dispatch[4];
	uint64_t general[GENERAL_COUNT];
	uint64_t flags, stack, place, compat;
	uint32_t far_place, far_segment;
	unsigned char signal[sizeof(siginfo_t)];
	struct left left;
	uint64_t masked_offset; /* set by the code: where the mask is that of the thread */
};

/* As the kernel does where no handler runs. */
static void restart_call(struct user_regs_struct *registers)
{
	int64_t answer = -(int64_t)registers->rax;

	if ((int64_t)registers->orig_rax < 0)
		return;
	if (answer == RESTART_BLOCK)
		registers->rax = arch_is_compat(registers) ? RESTART_SYSCALL_32 : __NR_restart_syscall;
	else if (answer >= RESTART_FIRST && answer <= RESTART_LAST)
		registers->rax = registers->orig_rax;
	else
		return;
	registers->rip -= ARCH_SYSCALL_SIZE;
}

void arch_fill_way_back(void *copy, const struct compel_thread *thread, uint64_t mapped_size, const struct left *left)
{
	struct data back = { .everything = ~UINT64_C(0), .mapped_size = mapped_size, .blocked = thread->blocked };
	struct user_regs_struct registers = thread->registers;

	restart_call(&registers);
	memcpy(back.dispatch, thread->dispatch, sizeof(back.dispatch));
	memcpy(back.general, &registers, sizeof(back.general));
	back.flags = registers.eflags;
	back.stack = registers.rsp;
	back.place = thread->rseq_abort ? thread->rseq_abort : registers.rip;
	back.compat = thread->compat;
	back.far_place = (uint32_t)back.place;
	back.far_segment = (uint32_t)registers.cs;
	if (thread->signal_taken)
		memcpy(back.signal, &thread->signal, sizeof(back.signal));
	if (left)
		back.left = *left;
	memcpy((char *)copy + arch_way_back_code_size(), &back, offsetof(struct data, masked_offset));
}

size_t arch_way_back_code_size(void)
{
	return compel_way_back.size - sizeof(struct data);
}

bool arch_leave_way_back(const void *copy, uint64_t start, struct user_regs_struct *registers)
{
	struct data back;

	memcpy(&back, (const char *)copy + arch_way_back_code_size(), sizeof(back));
	if (registers->rip != start + back.masked_offset || registers->rax != 0)
		return false;
	memcpy(registers, back.general, sizeof(back.general));
	registers->orig_rax = (uint64_t)-1;
	registers->eflags = back.flags;
	registers->rsp = back.stack;
	registers->rip = back.place;
	registers->cs = back.far_segment;
	return true;
}

struct left arch_way_back_left(const void *copy)
{
	struct data back;

	memcpy(&back, (const char *)copy + arch_way_back_code_size(), sizeof(back));
	return back.left;
}
