// SPDX-License-Identifier: GPL-2.0
/*
 * What criu and a blob agree on: a program is a list of calls, executed in order inside
 * another process by the runner (compel/runner). Freestanding: no libc here.
 *
 * Programs are position independent: an argument that is an address of the program's own
 * data is written as an offset and marked with REMOTE_DATA(i); the runner adds the base.
 */
#pragma once

#include <stdint.h>

/* Operations below REMOTE_SPECIAL are system call numbers of the native ABI. */
enum remote_op {
	REMOTE_SPECIAL = 0x8000,
	/* preadv() until everything is read. arg: fd, iovec array, count, file offset.
	 * An early end of file fails with -ENODATA. Result: bytes read. */
	REMOTE_READ_PAGES = REMOTE_SPECIAL,
	/* Starts a thread with a given tid that runs its own program.
	 * arg: address of its struct remote_program, tid, top of its stack; for nested pid
	 * namespaces then the address of an int32_t for each level, innermost first, and
	 * their number (tid is not used then). Last, for a process that shares the memory: flags and
	 * exit signal as clone() takes them; 0 for a thread. Result: tid. */
	REMOTE_CLONE_THREAD,
	/* Arrives at a stage and waits for it to be opened. arg: address of the struct
	 * board, stage. Ends the process (exit_group 1) when the restore has failed. */
	REMOTE_BARRIER,
	/* timer_create() until the id fits, others deleted again.
	 * arg: clock, sigevent, wanted id. Result: the id. */
	REMOTE_POSIX_TIMER,
	/* rt_sigaction()-free wait: waitid(P_PID, WEXITED | WNOWAIT) repeated on EINTR. arg: pid */
	REMOTE_WAIT_ZOMBIE,
	/* Stores a number in memory: arg: address, number, width in bytes (4 or 8). Result: 0.
	 * With REMOTE_DATA(1) a pointer, with REMOTE_RESULT(1) an earlier result. */
	REMOTE_STORE,
	/* Reads a number from memory. arg: address, width in bytes (4 or 8). Result: the
	 * number (4 bytes: sign-extended); never counts as a failure. */
	REMOTE_LOAD,
	REMOTE_SPECIAL_END,
	REMOTE_UNKNOWN = 0x7fff, /* -ENOSYS, for tests */
};

/* flags */
#define REMOTE_RESULT(i) (1u << (i))	   /* arg[i] is the index of an earlier call: use its result */
#define REMOTE_DATA(i)	 (1u << (8 + (i))) /* arg[i] is an offset into the program's data: add its address */
#define REMOTE_MAY_FAIL	 (1u << 16)	   /* a negative result is stored and the program goes on */
#define REMOTE_EXACT	 (1u << 17)	   /* the result must equal arg[0] (mmap and mremap to a place: arg[4] for mremap) */
#define REMOTE_COMPAT	 (1u << 19)	   /* op is a number of the ia32 ABI; addresses are below 4 GiB; five arguments */
#define REMOTE_SKIP_IF_FAILED (1u << 18)   /* do nothing if the call before had a negative result */

struct remote_call {
	uint16_t op;
	uint16_t label; /* index of a human text in the builder's table */
	uint32_t flags;
	uint64_t arg[6];
	int64_t result; /* what the call returned: negative errno on failure */
};

struct remote_program {
	uint64_t calls; /* address of the first struct remote_call */
	uint64_t data;	/* base added for REMOTE_DATA arguments */
	uint32_t count;
	uint32_t failed; /* 1 + index of the call that ended the program early, or 0 */
	uint64_t board;	 /* address of a struct board where a failure is reported, or 0 */
	uint32_t row;	 /* row of the task on the board */
	int32_t tid;	 /* for the error report */
	int32_t pid;	 /* the same */
	uint32_t stop_signal; /* agent: sent to itself at the end; a restorer has 0 and sleeps */
	uint64_t mapped; /* agent: what its way back unmaps, an address, or 0 */
	uint64_t labels; /* address of a uint32_t for each label: offset from here to its text; or 0 */
};
