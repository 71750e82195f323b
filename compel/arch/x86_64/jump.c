// SPDX-License-Identifier: GPL-2.0
/* x86_64: leaving this program for a blob. */
#include "compel/compel.h"

void compel_jump(void *blob_address, struct remote_program *program, void *stack_top)
{
	__asm__ volatile("movq %2, %%rsp\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "jmp *%0"
			 :
			 : "r"(blob_address), "D"(program), "r"(stack_top)
			 : "memory");
	__builtin_unreachable();
}
