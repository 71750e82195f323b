// SPDX-License-Identifier: GPL-2.0
/* Taking hold of a thread, waiting until it has stopped for good, and letting it go. */
#include "compel/internal.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "compel/arch.h"
#include "support/cancel.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"

enum {
	WAIT_SECONDS = 10,
	CALL_SECONDS = 2, /* for a thread that was stopped before */
	VFORK_WAIT_SECONDS = 1,
	SPINS = 100,
	FIRST_NAP_NS = 20000,
	LONGEST_NAP_NS = 1000000,
};

/* The value of a line of /proc/TID/status, or "" */
static void status_line(pid_t tid, const char *name, char *value, size_t size)
{
	cleanup_free char *text = NULL;
	char path[64];
	size_t length;
	struct error *error;
	const char *line;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	value[0] = 0;
	error = read_file_at(AT_FDCWD, path, &text, &length);
	if (error) {
		error_free(error);
		return;
	}
	line = strstr(text, name);
	if (line)
		snprintf(value, size, "%.*s", (int)strcspn(line + strlen(name), "\n"), line + strlen(name));
}

bool thread_is_in_state(pid_t tid, const char *letters)
{
	char state[64];

	status_line(tid, "\nState:\t", state, sizeof(state));
	return strchr(letters, state[0] ? state[0] : 'X') != NULL;
}

static bool is_dead(pid_t tid)
{
	return thread_is_in_state(tid, "ZX");
}

/* PTRACE_SEIZE was refused: somebody traces it already, it is dying, or we may not. */
static struct error *explain_refusal(struct compel_thread *thread, int number)
{
	char tracer[32];

	if (number == ESRCH || is_dead(thread->tid)) {
		thread->state = COMPEL_DEAD;
		return NULL;
	}
	status_line(thread->tid, "\nTracerPid:\t", tracer, sizeof(tracer));
	if (tracer[0] && strcmp(tracer, "0") != 0)
		return with_hint(fail_number(number, "cannot stop thread %d: it is traced by process %s", thread->tid, tracer),
				 "Detach the debugger or tracer first.");
	return with_hint(fail_number(number, "cannot stop thread %d", thread->tid),
			 "Tracing needs the same user or CAP_SYS_PTRACE; see also kernel.yama.ptrace_scope.");
}

uint64_t trace_options(const struct compel_thread *thread)
{
	return PTRACE_O_TRACESYSGOOD | (thread->seccomp_suspended ? PTRACE_O_SUSPEND_SECCOMP : 0) |
	       (thread->dies_with_tracer ? PTRACE_O_EXITKILL : 0);
}

static struct error *seize(struct compel_thread *thread, pid_t tid, bool dies_with_tracer)
{
	memset(thread, 0, sizeof(*thread));
	thread->tid = tid;
	thread->dies_with_tracer = dies_with_tracer;
	thread->seccomp_suspended = true;
	if (trace_number(PTRACE_SEIZE, tid, trace_options(thread)) == 0)
		return NULL;
	thread->seccomp_suspended = false;
	if ((errno == EPERM || errno == EINVAL) && trace_number(PTRACE_SEIZE, tid, trace_options(thread)) == 0)
		return NULL;
	return explain_refusal(thread, errno);
}

struct error *compel_seize_running(struct compel_thread *thread, pid_t tid)
{
	return seize(thread, tid, false);
}

struct error *compel_seize_newborn(struct compel_thread *thread, pid_t tid)
{
	return seize(thread, tid, true);
}

struct error *compel_interrupt(struct compel_thread *thread)
{
	if (thread->state != COMPEL_RUNNING || trace_number(PTRACE_INTERRUPT, thread->tid, 0) == 0 || errno == ESRCH)
		return NULL; /* who has died is found by compel_wait() */
	return fail_errno("could not interrupt thread %d", thread->tid);
}

struct error *compel_seize(struct compel_thread *thread, pid_t tid)
{
	TRY(compel_seize_running(thread, tid));
	return compel_interrupt(thread);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* A parent in vfork() is in a sleep that no tracer ends. */
static bool waits_in_vfork(pid_t tid)
{
	cleanup_free char *text = NULL;
	char path[64];
	size_t length;
	struct error *error;
	long number;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	error = read_file_at(AT_FDCWD, path, &text, &length);
	if (error) {
		error_free(error);
		return false;
	}
	number = strtol(text, NULL, 10);
	return number == SYS_vfork || number == SYS_clone || number == SYS_clone3;
}

static struct error *not_stopping(pid_t tid)
{
	char state[64];

	if (waits_in_vfork(tid))
		return with_hint(fail_number(ETIMEDOUT, "could not stop thread %d: it waits in vfork", tid),
				 "It goes on when its child runs another program or exits; try again then.");
	status_line(tid, "\nState:\t", state, sizeof(state));
	return with_hint(fail_number(ETIMEDOUT, "could not stop thread %d: it stays in state %s", tid, state),
			 "A frozen cgroup, or a file system or device that does not answer, holds it.");
}

/* Has waited in vain for a while: time to give up? */
static bool give_up(const struct compel_thread *thread, double waited)
{
	double limit = thread->state != COMPEL_RUNNING ? CALL_SECONDS : thread->patience ? thread->patience : WAIT_SECONDS;

	return thread->unreachable || waited > limit || (waited > VFORK_WAIT_SECONDS && waits_in_vfork(thread->tid));
}

enum patience {
	LIMITED,   /* give_up() decides */
	UNLIMITED, /* it runs our code and comes back by itself */
};

/* Sleeps a little, longer each time; an error when it is time to give up. */
static struct error *nap(struct compel_thread *thread, const struct timespec *start, struct timespec *length)
{
	if (thread->state == COMPEL_RUNNING)
		TRY(cancel_check());
	if (give_up(thread, seconds_since(start))) {
		thread->unreachable = true;
		return not_stopping(thread->tid);
	}
	nanosleep(length, NULL);
	if (length->tv_nsec < LONGEST_NAP_NS)
		length->tv_nsec *= 2;
	return NULL;
}

/* Waits until the thread stops or dies, as *status says. Nearly always it is there within microseconds; to look and yield is then cheaper than to sleep and
 * be woken, because it leaves the processor awake and often brings the thread to ours. */
static struct error *wait_status(struct compel_thread *thread, enum patience patience, int *status)
{
	struct timespec start, length = { .tv_nsec = FIRST_NAP_NS };
	int block = patience == UNLIMITED ? 0 : WNOHANG;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned look = 0;; look++) {
		pid_t pid = waitpid(thread->tid, status, __WALL | (look < SPINS ? WNOHANG : block));

		if (pid == thread->tid)
			return NULL;
		if (pid < 0 && errno == ECHILD) {
			*status = 0;
			return NULL;
		}
		if (pid < 0 && errno != EINTR)
			return fail_errno("could not wait for thread %d", thread->tid);
		if (look < SPINS)
			sched_yield();
		else if (patience == LIMITED)
			TRY(nap(thread, &start, &length));
	}
}

static bool is_event_stop(int status)
{
	return status >> 16 == PTRACE_EVENT_STOP;
}

/* What we have interrupted is put right at once, whatever becomes of us: hence also the second try. */
static struct error *read_registers(struct compel_thread *thread)
{
	long done = trace(PTRACE_GETREGS, thread->tid, 0, &thread->registers);

	if (done < 0 && errno != ESRCH)
		done = trace(PTRACE_GETREGS, thread->tid, 0, &thread->registers);
	if (done < 0)
		return fail_errno("could not read the registers of thread %d", thread->tid);
	thread->compat = arch_is_compat(&thread->registers);
	if (!thread->signal_taken && arch_hide_interruption(&thread->registers))
		return thread_set_registers(thread, &thread->registers);
	return NULL;
}

/* Registers, mask and state of a thread that has just stopped. */
static struct error *read_stopped(struct compel_thread *thread, int status)
{
	int signal = WSTOPSIG(status);

	thread->state = COMPEL_STOPPED;
	if (is_event_stop(status) && signal != SIGTRAP) {
		thread->state = COMPEL_JOB_STOPPED;
		thread->stop_signal = signal;
	}
	if (!is_event_stop(status)) {
		thread->signal_taken = true;
		thread->signal.si_signo = signal; /* enough to hand it back */
		if (trace(PTRACE_GETSIGINFO, thread->tid, 0, &thread->signal) < 0)
			return fail_errno("could not read the signal of thread %d", thread->tid);
	}
	TRY(read_registers(thread));
	if (trace(PTRACE_GETSIGMASK, thread->tid, sizeof(thread->blocked), &thread->blocked) < 0)
		return fail_errno("could not read the signal mask of thread %d", thread->tid);
	return NULL;
}

struct error *compel_wait(struct compel_thread *thread)
{
	int status;

	if (thread->state != COMPEL_RUNNING)
		return NULL;
	TRY(wait_status(thread, LIMITED, &status));
	if (!WIFSTOPPED(status)) {
		thread->state = COMPEL_DEAD;
		return NULL;
	}
	return read_stopped(thread, status);
}

struct error *thread_died(struct compel_thread *thread)
{
	if (thread->unreachable && !is_dead(thread->tid))
		return fail_number(ESRCH, "lost hold of thread %d", thread->tid);
	thread->state = COMPEL_DEAD;
	return with_hint(fail_number(ESRCH, "thread %d died while it was stopped", thread->tid),
			 "Something killed it; SIGKILL reaches stopped threads too.");
}

struct error *thread_resume(struct compel_thread *thread, int request)
{
	thread->left_signal = true;
	if (trace_number(request, thread->tid, 0) == 0)
		return NULL;
	if (errno == ESRCH)
		return thread_died(thread);
	return fail_errno("could not resume thread %d", thread->tid);
}

struct error *thread_set_registers(struct compel_thread *thread, const struct user_regs_struct *registers)
{
	if (trace(PTRACE_SETREGS, thread->tid, 0, registers) == 0)
		return NULL;
	if (errno == ESRCH)
		return thread_died(thread);
	return fail_errno("could not set the registers of thread %d", thread->tid);
}

/* The signal that our own code sends: by tgkill from the thread's process, or without any
 * origin when the kernel had no memory for one. */
static bool is_own_signal(const struct compel_thread *thread, const siginfo_t *info)
{
	return info->si_signo == thread->stop_number &&
	       (info->si_code == SI_TKILL || (info->si_code == SI_USER && info->si_pid == 0));
}

/* The kernel has turned a call of ours into a signal, by syscall user dispatch (prctl(2)). */
static bool is_dispatched(const siginfo_t *info)
{
	return info->si_signo == SIGSYS && info->si_code == 2 /* SYS_USER_DISPATCH */;
}

/* A signal came by while our code ran: kept for later. */
static struct error *note_signal(struct compel_thread *thread, int signal, bool *own)
{
	siginfo_t info = {};

	*own = false;
	if (trace(PTRACE_GETSIGINFO, thread->tid, 0, &info) < 0)
		return errno == ESRCH ? thread_died(thread) : fail_errno("could not read a signal of thread %d", thread->tid);
	if (is_dispatched(&info))
		return with_hint(fail_number(EOPNOTSUPP, "cannot run code in thread %d: it uses syscall user dispatch", thread->tid),
				 "Linux 6.4 can suspend that for a while; before it, dump when the program has switched it off.");
	if (is_own_signal(thread, &info)) {
		*own = true;
	} else if (signal == SIGSTOP) {
		thread->stop_requested = true;
	} else if (!thread->signal_taken) {
		thread->signal_taken = true;
		thread->signal = info;
	} else {
		syscall(SYS_tkill, thread->tid, signal);
	}
	return NULL;
}

/* Is this the stop that was waited for? Notes whatever else it tells. */
static struct error *look_at_stop(struct compel_thread *thread, enum stop_wanted wanted, int status, bool *found)
{
	int signal = WSTOPSIG(status);

	*found = false;
	if (is_event_stop(status)) {
		*found = wanted == WANT_TRAP;
		return NULL;
	}
	if (signal == (SIGTRAP | 0x80)) {
		*found = wanted == WANT_SYSCALL_STOP;
		return NULL;
	}
	TRY(note_signal(thread, signal, found));
	*found = *found && wanted == WANT_SIGNAL;
	return NULL;
}

/* The begin of a single call is waited for with a way out: a thread in a frozen cgroup does
 * not run for a tracer either. What runs already is waited for without one. */
struct error *thread_wait_for(struct compel_thread *thread, enum stop_wanted wanted)
{
	enum patience patience = wanted == WANT_SIGNAL ? UNLIMITED : LIMITED;
	bool found = false;

	for (;;) {
		int status;

		TRY(wait_status(thread, patience, &status));
		if (!WIFSTOPPED(status))
			thread->state = COMPEL_DEAD;
		if (thread->state == COMPEL_DEAD)
			return thread_died(thread);
		TRY(look_at_stop(thread, wanted, status, &found));
		if (found)
			return NULL;
		TRY(thread_resume(thread, wanted == WANT_SYSCALL_STOP ? PTRACE_SYSCALL : PTRACE_CONT));
	}
}
