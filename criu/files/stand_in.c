// SPDX-License-Identifier: GPL-2.0
#include "files/stand_in.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "arch/arch.h"

enum { STACK_BYTES = 256 * 1024 };

bool stand_in_run(pid_t pid, void (*function)(void *), void *argument)
{
	void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	struct clone_args arguments = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_FILES,
		.exit_signal = SIGCHLD,
		.stack = (uint64_t)(uintptr_t)stack,
		.stack_size = STACK_BYTES,
		.set_tid = (uint64_t)(uintptr_t)&pid,
		.set_tid_size = 1,
	};
	int64_t born;

	if (stack == MAP_FAILED)
		return false;
	born = arch_clone_and_call(&arguments, sizeof(arguments), function, argument);
	while (born > 0 && waitpid((pid_t)born, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(stack, STACK_BYTES);
	errno = born < 0 ? (int)-born : 0;
	return born > 0;
}
