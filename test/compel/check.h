// SPDX-License-Identifier: GPL-2.0
/*
 * For the tests of compel: TAP lines, targets to run code in, and pictures of a target's
 * state to compare. Included by one test program each.
 */
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compel/internal.h"
#include "remote/batch.h"
#include "support/cleanup.h"
#include "support/file.h"

struct tap {
	unsigned number, failures;
};

__attribute__((format(printf, 3, 4), unused)) static bool check(struct tap *tap, bool good, const char *format, ...)
{
	va_list list;

	printf("%s %u - ", good ? "ok" : "not ok", ++tap->number);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
	fflush(stdout);
	if (!good)
		tap->failures++;
	return good;
}

__attribute__((unused)) static int finish(const struct tap *tap)
{
	printf("1..%u\n", tap->number);
	return tap->failures ? 1 : 0;
}

/* What must work for the test to make sense. */
__attribute__((unused)) static void must(struct error *error)
{
	if (!error)
		return;
	printf("Bail out! %s\n", error_text(error));
	exit(1);
}

__attribute__((unused)) static void must_be(bool condition, const char *what)
{
	if (condition)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A child that runs `body` and ends with it. It dies with the test. */
__attribute__((unused)) static pid_t start_target(int (*body)(void *), void *argument)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	must_be(pid >= 0, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(body(argument));
	}
	return pid;
}

/* Memory that test and target share. */
__attribute__((unused)) static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must_be(memory != MAP_FAILED, "mmap");
	return memory;
}

__attribute__((unused)) static void sleep_ms(unsigned ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

__attribute__((unused)) static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The third field of /proc/PID/stat: R, S, D, T, t, Z. */
__attribute__((unused)) static char state_of(pid_t pid)
{
	cleanup_free char *text = NULL;
	char path[64], *end;
	size_t length;
	struct error *error;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	error = read_file_at(AT_FDCWD, path, &text, &length);
	error_free(error);
	end = text ? strrchr(text, ')') : NULL;
	return end ? end[2] : 0;
}

/* Waits for a state, for up to five seconds. */
__attribute__((unused)) static bool wait_state(pid_t pid, const char *wanted)
{
	for (unsigned i = 0; i < 5000; i++) {
		char state = state_of(pid);

		if (state && strchr(wanted, state))
			return true;
		sleep_ms(1);
	}
	return false;
}

/* Waits until a shared counter has a value. */
__attribute__((unused)) static bool wait_value(volatile int *counter, int value)
{
	for (unsigned i = 0; i < 5000 && *counter < value; i++)
		sleep_ms(1);
	return *counter >= value;
}

/* Exit status of a child, or 1000 + the signal that killed it. */
__attribute__((unused)) static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		must_be(errno == EINTR, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

__attribute__((unused)) static void kill_target(pid_t pid)
{
	kill(pid, SIGKILL);
	reap(pid);
}

/* Infects a stopped thread, runs a batch of calls in it, checks their answers, and cures. */
__attribute__((unused)) static void visit_stopped(struct compel_thread *thread)
{
	batch_cleanup struct batch batch = {};
	struct compel_agent *agent;
	size_t size, call, where;

	must(compel_infect(thread, 16384, &agent));
	where = batch_data(&batch, NULL, 64);
	size = batch_call_flags(&batch, "signal mask", SYS_rt_sigprocmask, REMOTE_DATA(2), SIG_BLOCK, 0, where, 8);
	call = batch_call(&batch, "thread id", SYS_gettid);
	must(batch_run(agent, &(struct compel_thread *){ thread }, &(struct batch *){ &batch }, 1));
	must_be(batch_result(&batch, call) == thread->tid, "gettid inside the target");
	must_be(batch_result(&batch, size) == 0, "rt_sigprocmask inside the target");
	must(compel_cure(agent));
}

__attribute__((unused)) static void visit(pid_t pid)
{
	struct compel_thread thread;

	must(compel_seize(&thread, pid));
	must(compel_wait(&thread));
	must_be(thread.state != COMPEL_DEAD, "the target has died");
	visit_stopped(&thread);
	must(compel_detach(&thread, false));
}

/* A picture of everything that must be the same before and after. */
struct picture {
	char *maps;
	char signals[512]; /* SigPnd to SigCgt of status */
	struct user_regs_struct registers;
	unsigned char xstate[16384];
	size_t xstate_size;
	siginfo_t pending[32];
	int pending_count;
	uint64_t blocked;
};

__attribute__((unused)) static void take_picture(struct picture *picture, struct compel_thread *thread)
{
	struct ptrace_peeksiginfo_args private = { .nr = 16 }, shared = { .nr = 16, .flags = PTRACE_PEEKSIGINFO_SHARED };
	cleanup_free char *status = NULL;
	char path[64], *start, *end;
	size_t length;
	long count;

	memset(picture, 0, sizeof(*picture));
	snprintf(path, sizeof(path), "/proc/%d/maps", thread->tid);
	must(read_file_at(AT_FDCWD, path, &picture->maps, &length));
	snprintf(path, sizeof(path), "/proc/%d/status", thread->tid);
	must(read_file_at(AT_FDCWD, path, &status, &length));
	start = strstr(status, "\nSigPnd:");
	end = start ? strstr(start, "\nCapInh:") : NULL;
	must_be(end != NULL, "status lines");
	snprintf(picture->signals, sizeof(picture->signals), "%.*s", (int)(end - start), start);
	picture->registers = thread->registers;
	picture->blocked = thread->blocked;
	picture->xstate_size = sizeof(picture->xstate);
	must(compel_get_xstate(thread, picture->xstate, &picture->xstate_size));
	/* Which parts are in use is the processor's guess; those that are not read as their first state. */
	memset(picture->xstate + 512, 0, 8);
	count = trace(PTRACE_PEEKSIGINFO, thread->tid, (uintptr_t)&private, picture->pending);
	picture->pending_count = count > 0 ? (int)count : 0;
	count = trace(PTRACE_PEEKSIGINFO, thread->tid, (uintptr_t)&shared, picture->pending + picture->pending_count);
	picture->pending_count += count > 0 ? (int)count : 0;
}

__attribute__((unused)) static bool same_picture(struct tap *tap, const char *name, const struct picture *a,
						 const struct picture *b)
{
	bool good = true;

	good &= check(tap, strcmp(a->maps, b->maps) == 0, "%s: mappings are the same", name);
	good &= check(tap, strcmp(a->signals, b->signals) == 0, "%s: signal sets are the same", name);
	good &= check(tap, a->blocked == b->blocked, "%s: signal mask is the same", name);
	good &= check(tap, memcmp(&a->registers, &b->registers, sizeof(a->registers)) == 0, "%s: registers are the same",
		      name);
	good &= check(tap, a->xstate_size == b->xstate_size && memcmp(a->xstate, b->xstate, a->xstate_size) == 0,
		      "%s: FPU state is the same", name);
	good &= check(tap, a->pending_count == b->pending_count && memcmp(a->pending, b->pending, sizeof(a->pending)) == 0,
		      "%s: pending signals are the same", name);
	for (size_t i = 0; i < a->xstate_size; i++)
		if (a->xstate[i] != b->xstate[i])
			printf("# FPU state at %zu: %02x, then %02x\n", i, a->xstate[i], b->xstate[i]);
	if (strcmp(a->signals, b->signals) != 0)
		printf("# before:%s\n# after:%s\n", a->signals, b->signals);
	return good;
}
