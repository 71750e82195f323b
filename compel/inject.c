// SPDX-License-Identifier: GPL-2.0
/* Borrowing a stopped thread: one system call in it, its FPU state, its first registers. */
#include "compel/internal.h"

#include <string.h>
#include <sys/prctl.h>

#include "compel/arch.h"
#include "support/fault.h"

/* Signals that may tell us that our code is done. First those that do nothing if nobody stops the thread for them
 * because its tracer is gone, as long as the program has no handler; then others that nearly nobody sends. */
static const int harmless_signals[] = { SIGURG, SIGWINCH, SIGCHLD, SIGCONT };
static const int stop_signals[] = { SIGSTKFLT, SIGURG, SIGWINCH, SIGPWR, SIGIO, SIGTTOU, SIGTTIN, SIGUSR2,
				    SIGUSR1,   SIGPROF, SIGVTALRM, SIGXFSZ, SIGXCPU, SIGQUIT, SIGHUP, SIGPIPE };

/* Adds the signals that wait in one queue of the thread. */
static void add_pending(pid_t tid, uint32_t flags, uint64_t *pending)
{
	siginfo_t infos[32];
	struct ptrace_peeksiginfo_args arguments = { .flags = flags, .nr = 32 };
	long count;

	while ((count = trace(PTRACE_PEEKSIGINFO, tid, (uintptr_t)&arguments, infos)) > 0) {
		for (long i = 0; i < count; i++)
			*pending |= UINT64_C(1) << (infos[i].si_signo - 1);
		arguments.off += (uint64_t)count;
	}
}

static uint64_t bit(int signal)
{
	return UINT64_C(1) << (signal - 1);
}

uint64_t thread_pending(pid_t tid)
{
	uint64_t pending = 0;

	add_pending(tid, 0, &pending);
	add_pending(tid, PTRACE_PEEKSIGINFO_SHARED, &pending);
	return pending;
}

/* Unblocking our signal must not deliver one that the process has waiting. */
static int choose_stop_signal(const struct compel_thread *thread)
{
	uint64_t pending = thread_pending(thread->tid), unfit = pending | thread->caught;

	/* SIGCONT takes these out of the queue, and ends a stop. */
	if (thread->state == COMPEL_JOB_STOPPED || pending & (bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU)))
		unfit |= bit(SIGCONT);
	for (size_t i = 0; i < sizeof(harmless_signals) / sizeof(harmless_signals[0]); i++)
		if (!(unfit & bit(harmless_signals[i])))
			return harmless_signals[i];
	for (size_t i = 0; i < sizeof(stop_signals) / sizeof(stop_signals[0]); i++)
		if (!(pending & bit(stop_signals[i])))
			return stop_signals[i];
	return stop_signals[0];
}

/* Is the thread in the section that its struct rseq points to? Then where it would go on if it was interrupted there. */
static uint64_t find_abort(const struct compel_thread *thread)
{
	struct {
		uint32_t version, flags;
		uint64_t start, length, abort;
	} section = {}; /* struct rseq_cs, linux/rseq.h */
	struct error *error = compel_read(thread->tid, remote(thread->rseq_section), &section, sizeof(section));
	bool inside = !error && thread->registers.rip - section.start < section.length;

	error_free(error);
	return inside ? section.abort : 0;
}

/* When our code runs, the kernel sees an address outside of the thread's restartable
 * section and forgets the section, although the thread is still in it. */
static void remember_rseq(struct compel_thread *thread)
{
	struct ptrace_rseq_configuration rseq = {};

	thread->rseq_section = 0;
	thread->rseq_abort = 0;
	thread->rseq_at = 0;
	if (trace(PTRACE_GET_RSEQ_CONFIGURATION, thread->tid, sizeof(rseq), &rseq) <= 0 || !rseq.rseq_abi_pointer)
		return;
	/* struct rseq: the section's descriptor is at offset 8. */
	thread->rseq_at = rseq.rseq_abi_pointer + 8;
	error_free(compel_read(thread->tid, remote(thread->rseq_at), &thread->rseq_section, 8));
	if (thread->rseq_section)
		thread->rseq_abort = find_abort(thread);
}

/* System calls outside of a range that the program chose would be turned into signals. The kernel (before Linux 6.4)
 * may be unable to suspend that, and to tell whether it is so. */
static void read_dispatch(struct compel_thread *thread)
{
	memset(thread->dispatch, 0, sizeof(thread->dispatch));
	thread->dispatch_known = trace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, thread->tid,
				       sizeof(struct ptrace_sud_config), thread->dispatch) == 0;
}

static void suspend_dispatch(const struct compel_thread *thread)
{
	const struct ptrace_sud_config off = { .mode = PR_SYS_DISPATCH_OFF };

	if (thread->dispatch[0] != PR_SYS_DISPATCH_OFF)
		trace(PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, thread->tid, sizeof(off), &off);
}

static void resume_dispatch(const struct compel_thread *thread)
{
	if (thread->dispatch[0] != PR_SYS_DISPATCH_OFF)
		trace(PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, thread->tid, sizeof(thread->dispatch), thread->dispatch);
}

static struct error *set_mask(struct compel_thread *thread, uint64_t mask)
{
	if (trace(PTRACE_SETSIGMASK, thread->tid, sizeof(mask), &mask) == 0)
		return NULL;
	return errno == ESRCH ? thread_died(thread) : fail_errno("could not set the signal mask of thread %d", thread->tid);
}

struct error *thread_prepare_borrow(struct compel_thread *thread)
{
	if (thread->state != COMPEL_STOPPED && thread->state != COMPEL_JOB_STOPPED)
		return fail("cannot run code in thread %d: it is not stopped", thread->tid);
	if (thread->stop_number)
		return NULL;
	thread->stop_number = choose_stop_signal(thread);
	remember_rseq(thread);
	read_dispatch(thread);
	arch_get_shadow_stack(thread->tid, &thread->shadow_stack);
	return NULL;
}

struct error *thread_borrow(struct compel_thread *thread)
{
	uint64_t open;

	TRY(thread_prepare_borrow(thread));
	if (thread->borrowed)
		return NULL;
	open = bit(thread->stop_number);
	/* The signal of a call that is turned into one must not find itself blocked: it would be forced, and the
	 * program's handler lost. */
	if (!thread->dispatch_known)
		open |= bit(SIGSYS);
	thread->borrowed = true;
	TRY(thread_enter_way_back(thread));
	suspend_dispatch(thread);
	return set_mask(thread, ~open);
}

static struct error *interrupt(struct compel_thread *thread)
{
	if (trace_number(PTRACE_INTERRUPT, thread->tid, 0) == 0)
		return NULL;
	return errno == ESRCH ? thread_died(thread) : fail_errno("could not interrupt thread %d", thread->tid);
}

struct error *thread_park(struct compel_thread *thread)
{
	if (!thread->unparked)
		return NULL;
	TRY(interrupt(thread));
	TRY(thread_resume(thread, PTRACE_CONT));
	TRY(thread_wait_for(thread, WANT_TRAP));
	thread->unparked = false;
	return NULL;
}

struct error *thread_return_section(const struct compel_thread *thread)
{
	if (!thread->rseq_section)
		return NULL;
	return compel_write(thread->tid, remote(thread->rseq_at), &thread->rseq_section, sizeof(thread->rseq_section));
}

struct error *thread_return(struct compel_thread *thread)
{
	if (!thread->borrowed)
		return NULL;
	TRY(thread_enter_way_back(thread));
	TRY(thread_return_section(thread));
	arch_set_shadow_stack(thread->tid, thread->shadow_stack);
	TRY(set_mask(thread, thread->blocked));
	resume_dispatch(thread);
	TRY(thread_set_registers(thread, &thread->registers));
	thread->borrowed = false;
	thread->stop_number = 0;
	if (thread->syscall_at == thread->way_back)
		thread->syscall_at = 0;
	thread->way_back = 0;
	return NULL;
}

static struct error *read_result(struct compel_thread *thread, int64_t *result)
{
	struct user_regs_struct registers = { 0 };

	long done = trace(PTRACE_GETREGS, thread->tid, 0, &registers);

	if (done < 0 && errno != ESRCH) /* a mapping whose address is not known could not be taken back: ask again */
		done = trace(PTRACE_GETREGS, thread->tid, 0, &registers);
	if (done < 0)
		return errno == ESRCH ? thread_died(thread) : fail_errno("could not read the registers of thread %d", thread->tid);
	*result = arch_syscall_result(&registers);
	return NULL;
}

/* A thread that did not begin its call, because its cgroup is frozen, is stopped again
 * before it does. */
static struct error *call_back(struct compel_thread *thread, struct error *error)
{
	struct error *second;

	if (error->number != ETIMEDOUT)
		return error;
	thread->unreachable = false;
	second = interrupt(thread);
	if (!second)
		second = thread_wait_for(thread, WANT_TRAP);
	if (second)
		error_ignore(second, "stopping a thread that does not run");
	else
		thread->unparked = false;
	return error;
}

/* Entry and exit of one system call. A call that no signal ends early (quick) is interrupted
 * as soon as it has begun: its end and the parking are then one stop. */
static struct error *make_call(struct compel_thread *thread, const struct call *call, int64_t *result)
{
	struct user_regs_struct registers = thread->registers;
	struct error *error;
	bool quick = call->quick;

	arch_prepare_syscall(&registers, thread->syscall_at, call->number, call->arg);
	TRY(thread_set_registers(thread, &registers));
	thread->unparked = true;
	TRY(thread_resume(thread, PTRACE_SYSCALL));
	error = thread_wait_for(thread, WANT_SYSCALL_STOP);
	if (error)
		return call_back(thread, error);
	if (quick && trace_number(PTRACE_INTERRUPT, thread->tid, 0) < 0)
		quick = false; /* it has begun: it must come to its end */
	TRY(thread_resume(thread, quick ? PTRACE_CONT : PTRACE_SYSCALL));
	TRY(thread_wait_for(thread, quick ? WANT_TRAP : WANT_SYSCALL_STOP));
	thread->unparked = !quick;
	TRY(thread_return_section(thread));
	return read_result(thread, result);
}

/* The last resort, for a process without any syscall instruction: it is written over the code
 * where the thread stands, for the time of the call. Nobody else runs there meanwhile. */
static struct error *make_poked_call(struct compel_thread *thread, const struct call *call, int64_t *result)
{
	struct remote_address at = remote(thread->registers.rip);
	unsigned char saved[ARCH_SYSCALL_SIZE];
	struct error *error;

	TRY(compel_read(thread->tid, at, saved, sizeof(saved)));
	TRY(compel_write(thread->tid, at, arch_syscall_instruction, sizeof(saved)));
	thread->syscall_at = at.value;
	error = make_call(thread, call, result);
	thread->syscall_at = 0;
	if (error)
		error_ignore(compel_write(thread->tid, at, saved, sizeof(saved)), "code of a thread that failed");
	else
		error = compel_write(thread->tid, at, saved, sizeof(saved));
	return error;
}

struct error *thread_call(struct compel_thread *thread, const struct call *call, int64_t *result)
{
	if (fault(FAULT_injected)) {
		*result = -EPERM;
		return NULL;
	}
	TRY(thread_borrow(thread));
	if (thread->way_back)
		thread->syscall_at = thread->way_back;
	if (!thread->syscall_at)
		TRY(find_syscall(thread, &thread->syscall_at));
	if (!thread->syscall_at)
		return make_poked_call(thread, call, result);
	return make_call(thread, call, result);
}

struct error *compel_syscall(struct compel_thread *thread, long number, const uint64_t arg[6], int64_t *result)
{
	return thread_call(thread, &(struct call){ .number = number, .arg = arg }, result);
}

struct error *compel_begin_call(struct compel_thread *thread, uint64_t at, long number, const uint64_t arg[6],
				int64_t *result)
{
	TRY(thread_borrow(thread));
	thread->syscall_at = at;
	return make_call(thread, &(struct call){ .number = number, .arg = arg, .quick = true }, result);
}

struct error *compel_set_mark(const struct compel_thread *thread, uint64_t mark)
{
	if (syscall(SYS_ptrace, PTRACE_POKEUSR, thread->tid, arch_status_offset, mark) == 0)
		return NULL;
	return fail_errno("could not mark thread %d", thread->tid);
}

uint64_t compel_get_mark(const struct compel_thread *thread)
{
	uint64_t mark = 0;

	if (trace(PTRACE_PEEKUSR, thread->tid, arch_status_offset, &mark) < 0 || mark == arch_status_none)
		return 0;
	return mark;
}

struct error *compel_get_xstate(struct compel_thread *thread, void *data, size_t *size)
{
	return arch_get_xstate(thread->tid, data, size);
}

struct error *compel_set_state(struct compel_thread *thread, const struct user_regs_struct *registers,
			       const void *xstate, size_t xstate_size, uint64_t blocked)
{
	TRY(thread_borrow(thread));
	if (xstate)
		TRY(arch_set_xstate(thread->tid, xstate, xstate_size));
	thread->registers = *registers;
	thread->registers.orig_rax = (uint64_t)-1;
	thread->blocked = blocked;
	thread->rseq_section = 0;
	return NULL;
}
