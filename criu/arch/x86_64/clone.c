// SPDX-License-Identifier: GPL-2.0
/* x86-64: a process that shares our memory and runs one function on a stack of its own. */
#include <asm/unistd.h>
#include <linux/sched.h>

#include "arch/arch.h"

int64_t arch_clone_and_call(const struct clone_args *arguments, size_t size, void (*body)(void *), void *argument)
{
	int64_t result;

	/* The child begins behind the instruction with the new stack and all registers but rax. */
	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "andq $-16, %%rsp\n\t"
			 "movq %4, %%rdi\n\t"
			 "callq *%3\n\t"
			 "xorl %%edi, %%edi\n\t"
			 "movl %5, %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "D"(arguments), "S"(size), "r"(body), "r"(argument), "i"(__NR_exit), "0"((int64_t)__NR_clone3)
			 : "rcx", "r11", "memory");
	return result;
}
