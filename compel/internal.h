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

/* The signals that wait for a stopped thread, its process's among them: bit signo - 1. */
uint64_t thread_pending(pid_t tid);
/* What a thread's PTRACE_O_ options are now. */
uint64_t trace_options(const struct compel_thread *thread);
/* Takes the registers over for the first time since the thread was stopped: remembers its rseq section, enters the
 * way back if it has one, blocks its signals. */
struct error *thread_borrow(struct compel_thread *thread) must_check;
/* The first half of that: reads what the way back must know; changes nothing in the thread. */
struct error *thread_prepare_borrow(struct compel_thread *thread) must_check;
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

/* What stays mapped in a process with several threads if we are killed; the next criu finds it in the way back in
 * the vdso. Code and data may be one (data_size 0). */
struct left {
	uint64_t code, code_size, data, data_size;
};

/* The way back (way_back.c). Any thread: writes it to thread->way_back. mapped_size: how much it unmaps where the call
 * in front of it answers with an address. left: for the vdso; may be NULL. */
struct error *thread_lay_way_back(const struct compel_thread *thread, uint64_t mapped_size, const struct left *left) must_check;
/* The same into a copy of WAY_BACK_MOST bytes, without anything left. */
void fill_way_back(void *copy, const struct compel_thread *thread, uint64_t mapped_size);
/* Sets the registers to the way back; nothing without one. */
struct error *thread_enter_way_back(struct compel_thread *thread) must_check;
/* Lays the leader's way back into the vdso, where there is room; else leader->way_back stays 0. Where a tracer before us
 * was killed, what it left is removed, and the error is a passing one: begin again. */
struct error *leader_find_way_back(struct compel_thread *leader, uint64_t mapped_size) must_check;
/* Puts the vdso back as it was. */
void leader_erase_way_back(pid_t tid, uint64_t way_back);
/* An address in the process's vdso behind everything that is used there, or 0. */
uint64_t find_vdso_room(pid_t tid, size_t size);

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

extern const struct compel_blob compel_agent, compel_way_back;
enum { WAY_BACK_MOST = 1024 };
