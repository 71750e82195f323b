// SPDX-License-Identifier: GPL-2.0
/*
 * Between the files of compel: how a stopped thread is made to run a little and stop again.
 * Runs in the tracer.
 */
#pragma once

#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compel/compel.h"

/* ptrace(2) without libc's own idea of its constants, which cannot stand beside linux/ptrace.h. */
static inline long trace(int request, pid_t tid, uint64_t address, const void *data)
{
	return syscall(SYS_ptrace, request, tid, address, data);
}

/* For requests whose data is a number. */
static inline long trace_number(int request, pid_t tid, uint64_t data)
{
	return syscall(SYS_ptrace, request, tid, 0, data);
}

/* What a thread's PTRACE_O_ options are now. */
uint64_t trace_options(const struct compel_thread *thread);
/* Takes the registers over for the first time since the thread was stopped: blocks its
 * signals, remembers its rseq section, finds a syscall instruction. */
struct error *thread_borrow(struct compel_thread *thread) must_check;
/* After a system call: lets the thread come to a stop where the kernel looks at restarts. */
struct error *thread_park(struct compel_thread *thread) must_check;
/* What the kernel forgot while our code ran; after each time, so that readers see it. */
struct error *thread_return_section(const struct compel_thread *thread) must_check;
/* Puts registers, mask and rseq section back as they were (thread->registers, ->blocked). */
struct error *thread_return(struct compel_thread *thread) must_check;

struct call {
	long number;
	const uint64_t *arg; /* six */
	bool quick;	     /* no signal ends it early: mmap, munmap */
};
/* As compel_syscall(). */
struct error *thread_call(struct compel_thread *thread, const struct call *call, int64_t *result) must_check;

/* Resumes (PTRACE_CONT, PTRACE_SYSCALL). ESRCH becomes COMPEL_DEAD and an error. */
struct error *thread_resume(struct compel_thread *thread, int request) must_check;
enum stop_wanted {
	WANT_SYSCALL_STOP, /* entry or exit of a system call */
	WANT_TRAP,	   /* a stop asked for by PTRACE_INTERRUPT */
	WANT_SIGNAL,	   /* thread->stop_number, sent by the thread itself */
};
/* Waits for a kind of stop; other stops are noted and passed over. */
struct error *thread_wait_for(struct compel_thread *thread, enum stop_wanted wanted) must_check;
struct error *thread_set_registers(struct compel_thread *thread, const struct user_regs_struct *registers) must_check;
/* Is its state in /proc one of these letters? X also stands for gone. */
bool thread_is_in_state(pid_t tid, const char *letters);
/* The thread died under our hands. */
struct error *thread_died(struct compel_thread *thread) must_check;

/* An executable address with a syscall instruction in the process; 0 if there is none. */
struct error *find_syscall(const struct compel_thread *thread, uint64_t *address) must_check;

/* What older headers do not have. */
#ifndef PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG
#define PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG 0x4210
#define PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG 0x4211
struct ptrace_sud_config {
	uint64_t mode, selector, offset, len;
};
#endif

extern const struct compel_blob compel_agent;
