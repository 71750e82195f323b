// SPDX-License-Identifier: GPL-2.0
/* Probes: processes, their signals, timers and how they can be traced. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/probes/probe.h"
#include "support/cleanup.h"
#include "support/file.h"

enum {
	COPY_MESSAGE = 040000, /* MSG_COPY */
	RESTORE_IDS = 77,      /* PR_TIMER_CREATE_RESTORE_IDS, Linux 6.17 */
	RESTORE_IDS_GET = 2,
	SUSPEND_SECCOMP = 1 << 21,
	GET_FILTER = 0x420c,
	GET_RSEQ = 0x420f,
};

/* By name: the kernel's and the C library's headers disagree about who defines it. */
struct clone_argument {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

struct error *probe_clone3_set_tid(void)
{
	pid_t taken = getpid();
	struct clone_argument argument = {
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&taken, .set_tid_size = 1
	};
	long child = syscall(SYS_clone3, &argument, sizeof(argument));

	if (child == 0)
		_exit(0);
	if (child > 0) { /* inside another pid namespace than /proc shows */
		waitpid(child, NULL, 0);
		return NULL;
	}
	return errno == EEXIST ? NULL : fail_errno("clone3");
}

struct error *probe_ns_last_pid(void)
{
	cleanup_close int fd = open("/proc/sys/kernel/ns_last_pid", O_RDWR | O_CLOEXEC);
	struct error *error, *other;

	if (fd >= 0)
		return NULL;
	error = fail_errno("/proc/sys/kernel/ns_last_pid");
	other = probe_clone3_set_tid();
	if (!other) { /* the better way is there */
		error_free(error);
		return NULL;
	}
	error_free(other);
	return error;
}

struct error *probe_ns_pid(void)
{
	cleanup_free char *text = NULL;

	TRY(read_file_at(AT_FDCWD, "/proc/self/status", &text, NULL));
	return strstr(text, "\nNSpid:") ? NULL : fail("/proc/PID/status has no NSpid");
}

struct error *probe_sigqueuinfo(void)
{
	siginfo_t sent = { .si_code = SI_USER + 1 }, received = { 0 };
	struct timespec now = { 0 };
	sigset_t set, before;
	struct error *error = NULL;
	int number = SIGRTMAX - 1;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, &before);
	sent.si_signo = number;
	sent.si_pid = 12345;
	if (syscall(SYS_rt_sigqueueinfo, getpid(), number, &sent))
		error = fail_errno("rt_sigqueueinfo");
	else if (sigtimedwait(&set, &received, &now) != number || received.si_code != sent.si_code)
		error = fail("a queued signal came back changed");
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

static struct error *peek(pid_t child)
{
	struct __ptrace_peeksiginfo_args arguments = { .nr = 1 };
	siginfo_t info;

	kill(child, SIGUSR1);
	return ptrace(PTRACE_PEEKSIGINFO, child, &arguments, &info) < 0 ? fail_errno("PTRACE_PEEKSIGINFO") : NULL;
}

struct error *probe_ptrace_peeksiginfo(void)
{
	return probe_traced(NULL, 0, peek);
}

static struct error *look_at_nothing(pid_t child)
{
	return NULL;
}

struct error *probe_seccomp_suspend(void)
{
	return probe_traced(NULL, SUSPEND_SECCOMP, look_at_nothing);
}

static struct error *install_filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		return fail_errno("no seccomp filter");
	return NULL;
}

static struct error *read_filter(pid_t child)
{
	return ptrace((enum __ptrace_request)GET_FILTER, child, 0, NULL) == 1 ? NULL : fail_errno("PTRACE_SECCOMP_GET_FILTER");
}

struct error *probe_seccomp_filters(void)
{
	return probe_traced(install_filter, 0, read_filter);
}

static struct error *read_rseq(pid_t child)
{
	struct {
		uint64_t pointer;
		uint32_t size, signature, flags, padding;
	} answer;

	return ptrace((enum __ptrace_request)GET_RSEQ, child, sizeof(answer), &answer) < 0 ? fail_errno("PTRACE_GET_RSEQ_CONFIGURATION") :
								      NULL;
}

struct error *probe_get_rseq_conf(void)
{
	return probe_traced(NULL, 0, read_rseq);
}

static struct error *rewrite_loginuid(void)
{
	cleanup_free char *text = NULL;
	size_t length;

	TRY(read_file_at(AT_FDCWD, "/proc/self/loginuid", &text, &length));
	return write_file_at(AT_FDCWD, "/proc/self/loginuid", text, length);
}

struct error *probe_loginuid(void)
{
	return probe_in_child(rewrite_loginuid);
}

struct error *probe_timer_cr_ids(void)
{
	return prctl(RESTORE_IDS, RESTORE_IDS_GET, 0, 0, 0) < 0 ? fail_errno("PR_TIMER_CREATE_RESTORE_IDS") : NULL;
}

struct error *probe_posix_timers(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	cleanup_free char *text = NULL;
	struct error *error;
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		return fail_errno("timer_create");
	error = read_file_at(AT_FDCWD, "/proc/self/timers", &text, NULL);
	timer_delete(timer);
	TRY(error);
	return strstr(text, "ClockID") ? NULL : fail("/proc/PID/timers does not tell clocks");
}

struct error *probe_ipc(void)
{
	int queue = msgget(IPC_PRIVATE, 0600), number;
	char message[64];

	if (queue < 0)
		return fail_errno("msgget");
	number = msgrcv(queue, message, sizeof(message) - sizeof(long), 0, COPY_MESSAGE | IPC_NOWAIT) < 0 ? errno : 0;
	msgctl(queue, IPC_RMID, NULL);
	if (number != ENOMSG)
		return fail_number(number, "MSG_COPY");
	if (access("/proc/sys/kernel/shm_next_id", F_OK) || access("/proc/sys/kernel/sem_next_id", F_OK))
		return fail_errno("/proc/sys/kernel/shm_next_id");
	return NULL;
}

/* The grandchild becomes a child of criu: its pid comes back through the pipe. */
static void bear_sibling(int pipe)
{
	pid_t middle = fork();

	if (middle == 0) {
		pid_t pid = syscall(SYS_clone, CLONE_PARENT | CLONE_NEWPID, NULL, NULL, NULL, NULL);
		int number = errno;

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			pid = -number;
		_exit(write(pipe, &pid, sizeof(pid)) != sizeof(pid));
	}
	waitpid(middle, NULL, 0);
	close(pipe);
}

struct error *probe_clone_parent(void)
{
	cleanup_close int from = -1;
	pid_t sibling;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return fail_errno("no pipe");
	from = ends[0];
	bear_sibling(ends[1]);
	if (read(from, &sibling, sizeof(sibling)) != sizeof(sibling))
		return fail("the child ended early");
	if (sibling < 0)
		return fail_number(-sibling, "clone");
	waitpid(sibling, NULL, __WALL);
	return NULL;
}
