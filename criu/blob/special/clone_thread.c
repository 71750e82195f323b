// SPDX-License-Identifier: GPL-2.0
/* clone_thread: a thread, or a process in the same memory, with a chosen number that runs its own program on its own stack. */
#include "criu/blob/restorer.h"

#include "raw_syscall.h"

/* struct clone_args of linux/sched.h, as far as set_tid. */
struct thread_arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size;
};

/* CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM */
enum { EXIT_SIGNAL = 0xff, THREAD_FLAGS = 0x00000100 | 0x00000200 | 0x00000400 | 0x00000800 | 0x00010000 | 0x00040000 };

/* In the new thread the stack has changed, so nothing may be read from the old one: the
 * program's address goes over in a register. */
static int64_t clone3(struct thread_arguments *arguments, uint64_t program)
{
	register uint64_t in_child __asm__("r12") = program;
	int64_t result;

	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "movq %%r12, %%rdi\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "call blob_main\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(result)
			 : "0"((uint64_t)__NR_clone3), "D"(arguments), "S"(sizeof(*arguments)), "r"(in_child)
			 : "rcx", "r11", "memory");
	return result;
}

/* A number may be that of something that has just ended, also for a moment after nobody finds it any more. */
enum { TRIES = 200, PAUSE_NS = 5000000, NUMBER_TAKEN = -17 };

static int64_t clone_when_free(struct thread_arguments *arguments, uint64_t program)
{
	const int64_t pause[2] = { 0, PAUSE_NS };
	int64_t result;

	for (int i = 0; (result = clone3(arguments, program)) == NUMBER_TAKEN && i < TRIES; i++)
		raw_syscall4(__NR_nanosleep, (uint64_t)pause, 0, 0, 0);
	return result;
}

/* arg: program, tid, top of the stack, tids of all levels and their number, flags of a process. clone3() wants the stack's lowest byte and its size,
 * of which it only uses the sum. */
int64_t clone_thread(const uint64_t arg[6])
{
	int32_t tid = (int32_t)arg[1];
	uint64_t top = arg[2] & ~UINT64_C(15);
	struct thread_arguments arguments = {
		.flags = arg[5] ? arg[5] & ~(uint64_t)EXIT_SIGNAL : THREAD_FLAGS,
		.exit_signal = arg[5] & EXIT_SIGNAL,
		.stack = top - 4096,
		.stack_size = 4096,
		.set_tid = arg[4] ? arg[3] : (uint64_t)&tid,
		.set_tid_size = arg[4] ? arg[4] : 1,
	};

	return clone_when_free(&arguments, arg[0]);
}
