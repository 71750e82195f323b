// SPDX-License-Identifier: GPL-2.0
/* The agent: runs one batch in a stopped thread and tells the tracer by a signal that it
 * is done. The tracer swallows the signal; any other way out (a breakpoint, a fault) would
 * be a signal that the kernel forces and that changes the action of a process. Nobody stops a thread whose tracer is
 * gone: then the signal is one that does nothing, and the thread takes the way back. */
#include "compel/runner/runner.h"

#include "raw_syscall.h"

int64_t run_special(struct remote_program *program, unsigned operation, const uint64_t arg[6])
{
	return run_common_special(operation, arg);
}

/* The same signal of somebody else may take the place of ours: a few more, then. */
enum { TRIES = 8 };

uint64_t blob_main(struct remote_program *program)
{
	run_program(program);
	for (int i = 0; i < TRIES; i++)
		raw_syscall3(__NR_tgkill, (uint64_t)raw_syscall1(__NR_getpid, 0), (uint64_t)raw_syscall1(__NR_gettid, 0),
			     program->stop_signal);
	return program->mapped;
}
