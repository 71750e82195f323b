// SPDX-License-Identifier: GPL-2.0
/*
 * compel: run code inside another process. Knows nothing about checkpoints. The only
 * module that touches another process's registers; it always puts back what it borrowed.
 * Everything here runs in the tracer (criu main, single-threaded use per tracee).
 * ptrace(2); kernel floor 5.15; x86_64 tracer, x86_64 and ia32 tracees.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "compel/remote.h"
#include "remote_call.h"
#include "support/error.h"

enum compel_state {
	COMPEL_RUNNING,	    /* seized, not known to be stopped yet */
	COMPEL_STOPPED,	    /* stopped by us */
	COMPEL_JOB_STOPPED, /* was in a job-control stop (SIGSTOP and kin) when we came */
	COMPEL_DEAD,	    /* a zombie, or gone while we waited */
};

/* One seized thread. Plain data; the caller owns the memory. */
struct compel_thread {
	pid_t tid; /* in the tracer's pid namespace */
	enum compel_state state;
	unsigned patience;   /* set by the caller: seconds that compel_wait() waits at most; 0: ten */
	int stop_signal;     /* of COMPEL_JOB_STOPPED */
	bool compat;	     /* runs ia32 code */
	bool seccomp_suspended;
	bool dies_with_tracer;
	uint64_t caught; /* set by the caller, where it knows: the signals that the process has handlers for, bit signo - 1 */
	/* A signal had been dequeued when we stopped it, this one; it is injected again on
	 * detach. An image needs it among the pending signals: look after the last batch, as
	 * one that came while our code ran may be here too. */
	bool signal_taken;
	siginfo_t signal;
	bool detached;	     /* let go */
	bool stop_requested; /* a SIGSTOP came while our code ran; sent again on detach */
	uint64_t blocked;    /* signal mask as it was, bit signo - 1 */
	struct user_regs_struct registers; /* as they were at the stop */
	/* The rest belongs to compel. */
	bool borrowed;	     /* registers and mask in the kernel are not those above */
	bool unparked;	     /* the last stop was in a system call: no restart would happen there */
	bool left_signal;    /* no longer in the stop that took the signal above */
	int stop_number;     /* the signal by which our code says that it is done */
	bool unreachable;    /* was waited for in vain */
	uint64_t syscall_at; /* address of a syscall instruction, or 0 */
	uint64_t way_back;   /* address of its way back, or 0 (way_back.c) */
	uint64_t rseq_at, rseq_section; /* where struct rseq points to the section the thread was in, and what was there */
	uint64_t rseq_abort; /* where that section goes on when it is interrupted; 0: the thread is in none */
	bool dispatch_known; /* could it be read? */
	uint64_t dispatch[4]; /* syscall user dispatch: mode, selector, offset, length */
	uint64_t shadow_stack; /* pointer, or 0 without one */
};

/* PTRACE_SEIZE (with PTRACE_O_SUSPEND_SECCOMP when the kernel lets us) and
 * PTRACE_INTERRUPT, without waiting. A thread that is already a zombie gets COMPEL_DEAD
 * and no error; one that is traced by somebody else fails with EPERM and names the tracer. */
struct error *compel_seize(struct compel_thread *thread, pid_t tid) must_check;
/* PTRACE_SEIZE alone: the thread runs on, traced. */
struct error *compel_seize_running(struct compel_thread *thread, pid_t tid) must_check;
/* The same for a thread that shall not outlive the tracer (PTRACE_O_EXITKILL), until compel_prepare_all(). */
struct error *compel_seize_newborn(struct compel_thread *thread, pid_t tid) must_check;
/* PTRACE_INTERRUPT of a seized thread, without waiting. */
struct error *compel_interrupt(struct compel_thread *thread) must_check;
/* Waits until it is stopped for good and reads registers, mask and taken signal. A thread
 * that does not stop is an error with ETIMEDOUT that names its state: after a second when it
 * waits in vfork (it cannot stop before its child has gone on: do not hold that one), else
 * after ten. It stays seized; compel_wait() and compel_detach() may be tried again, and the
 * end of the tracer lets it go. */
struct error *compel_wait(struct compel_thread *thread) must_check;
/* Puts registers and mask back and lets the thread go; job-control stops stay in effect.
 * stop: leave the process stopped by SIGSTOP (for --leave-stopped). A thread that has died is no error. */
struct error *compel_detach(struct compel_thread *thread, bool stop) must_check;

/* Lets many threads go at once: a thread that computes would otherwise take the processor
 * from us the moment it is let go, for milliseconds, while the others still stand. stop: as
 * above for each, or NULL; one thread of a process is enough to stop all that are let go
 * here. One that fails does not keep the others; the first error is returned. */
struct error *compel_detach_all(struct compel_thread *const *threads, const bool *stop, size_t count) must_check;

/* The first half of compel_detach_all(): afterwards all have their own registers and masks, and
 * would run on if the tracer ended; they can be borrowed again. The first error is returned; the rest is prepared all the same. */
struct error *compel_prepare_all(struct compel_thread *const *threads, size_t count) must_check;

/* One system call in a stopped thread, made at a syscall instruction that the process
 * already has (vdso first), registers put back afterwards. *result: negative errno on failure. */
struct error *compel_syscall(struct compel_thread *thread, long number, const uint64_t arg[6], int64_t *result) must_check;

/* The same at a given syscall instruction, but the call is interrupted as soon as it has begun: one that waits
 * answers -ERESTART_RESTARTBLOCK or its kin, and the kernel has noted how it would go on. */
struct error *compel_begin_call(struct compel_thread *thread, uint64_t at, long number, const uint64_t arg[6],
				int64_t *result) must_check;
/* A number that stays with a thread of which no program sees anything: the tracers' view of the debug status register
 * (x86-64: DR6), until the kernel reports a hardware breakpoint of the thread, or the thread ends. Children of fork have
 * a copy. 0: none was set. */
struct error *compel_set_mark(const struct compel_thread *thread, uint64_t mark) must_check;
uint64_t compel_get_mark(const struct compel_thread *thread);

/* FPU state in the kernel's xsave layout (NT_X86_XSTATE); *size in: room, out: used. */
struct error *compel_get_xstate(struct compel_thread *thread, void *data, size_t *size) must_check;
/* Sets everything a restored thread starts with: general registers (orig_ax is set so that
 * no system call restart happens), xstate (NULL: left), blocked signals. Thread is stopped. */
struct error *compel_set_state(struct compel_thread *thread, const struct user_regs_struct *registers,
			       const void *xstate, size_t xstate_size, uint64_t blocked) must_check;

/* The agent: an arena inside the process that holds the runner and room for batches. */
struct compel_agent;
/* How many bytes of arena a batch takes; the sum for all threads lets all run at once. */
size_t compel_batch_room(size_t calls, size_t data_size);
/* Infects the process of a stopped thread. size: bytes of arena wanted for batches. */
struct error *compel_infect(struct compel_thread *leader, size_t size, struct compel_agent **agent) must_check;
/* Removes the arena; the process is as before. Frees the agent, unless it fails: then it may be tried
 * again, and compel_forget() is left. NULL is accepted. */
struct error *compel_cure(struct compel_agent *agent) must_check;
/* As compel_cure but for a process that is going to be killed anyway: only frees. */
void compel_forget(struct compel_agent *agent);

/* A batch for one thread: calls with their results, and data that travels both ways. */
struct compel_batch {
	struct compel_thread *thread;
	struct remote_call *calls;
	size_t count;
	void *data; /* copied into the arena before, and back out afterwards */
	size_t size;
	uint32_t failed; /* out: 1 + index of the first call that failed without REMOTE_MAY_FAIL, or 0 */
};
/* Runs batches in threads of the agent's process, all at once, as many as fit into the
 * arena per round. An unexpected failure inside is reported by batch->failed, not here. */
struct error *compel_run(struct compel_agent *agent, struct compel_batch *batches, size_t count) must_check;

/* Another process's memory: process_vm_readv/writev, falling back to /proc/PID/mem for
 * what those cannot reach (PROT_NONE, read-only). Exactly length bytes or an error. */
struct error *compel_read(pid_t pid, struct remote_address from, void *to, size_t length) must_check;
struct error *compel_write(pid_t pid, struct remote_address to, const void *from, size_t length) must_check;

/* The restorer blob: position independent, entered at its first byte by
 * compel_jump() with the address of a struct remote_program. Never returns. */
struct compel_blob {
	const void *code;
	size_t size;
};
extern const struct compel_blob compel_restorer;
/* In a newborn: switch to the given stack and run the program with the blob mapped at
 * blob_address (read, write, execute). Signals must be blocked. The rseq area that libc has
 * registered must be unregistered before its memory is unmapped, and set_tid_address and
 * set_robust_list must not point there when the task ends: the kernel writes to them. */
void compel_jump(void *blob_address, struct remote_program *program, void *stack_top) __attribute__((noreturn));
