// SPDX-License-Identifier: GPL-2.0
/* The agent: runs one batch in a stopped thread and tells the tracer by a signal that it
 * is done. The tracer swallows the signal; any other way out (a breakpoint, a fault) would
 * be a signal that the kernel forces and that changes the action of a process. */
#include "compel/runner/runner.h"

#include "raw_syscall.h"

int64_t run_special(struct remote_program *program, unsigned operation, const uint64_t arg[6])
{
	return run_common_special(operation, arg);
}

void blob_main(struct remote_program *program)
{
	run_program(program);
	for (;;)
		raw_syscall3(__NR_tgkill, (uint64_t)raw_syscall1(__NR_getpid, 0), (uint64_t)raw_syscall1(__NR_gettid, 0),
			     program->stop_signal);
}
