// SPDX-License-Identifier: GPL-2.0
// refused: shadow stack
/* A thread with a shadow stack is not saved yet. */
#include "test.h"

#include <sys/syscall.h>
#include <unistd.h>

#define ARCH_SHSTK_ENABLE 0x5001
#define ARCH_SHSTK_SHSTK  1

/* Never returns: a return address from before the shadow stack would be a violation. */
int main(void)
{
	long result = -1;

	asm volatile("syscall"
		     : "=a"(result)
		     : "a"(SYS_arch_prctl), "D"(ARCH_SHSTK_ENABLE), "S"(ARCH_SHSTK_SHSTK)
		     : "rcx", "r11", "memory");
	if (result < 0)
		skip("no shadow stacks on this machine");
	checkpoint();
	check(find_named_mapping("[stack]") != NULL);
	_exit(finish());
}
