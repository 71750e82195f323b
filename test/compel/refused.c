// SPDX-License-Identifier: GPL-2.0
/* What cannot be stopped or entered is said clearly, and nothing is left behind. */
#include "check.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

static int sleep_for_ever(void *argument)
{
	while (pause() < 0)
		;
	return 0;
}

static pid_t start_sleeper(void)
{
	pid_t pid = start_target(sleep_for_ever, NULL);

	must_be(wait_state(pid, "S"), "the target does not sleep");
	return pid;
}

struct tracing {
	pid_t pid;
	volatile int done;
};

static int trace_it(void *argument)
{
	struct tracing *tracing = argument;

	tracing->done = trace_number(PTRACE_SEIZE, tracing->pid, 0) == 0 ? 1 : -1;
	while (pause() < 0)
		;
	return 0;
}

static void traced(struct tap *tap)
{
	struct tracing *tracing = share(sizeof(*tracing));
	struct compel_thread thread;
	struct error *error;
	char tracer_text[32];
	pid_t tracer;

	tracing->pid = start_sleeper();
	tracer = start_target(trace_it, tracing);
	must_be(wait_value(&tracing->done, 1), "tracing");
	error = compel_seize(&thread, tracing->pid);
	snprintf(tracer_text, sizeof(tracer_text), "traced by process %d", tracer);
	check(tap, error && strstr(error->message, tracer_text) && error->hint, "a traced thread is refused: %s",
	      error ? error->message : "not an error");
	error_free(error);
	kill_target(tracer);
	visit(tracing->pid);
	check(tap, true, "and taken when its tracer has gone");
	kill_target(tracing->pid);
}

static int nothing(void *argument)
{
	return 0;
}

static void dead(struct tap *tap)
{
	struct compel_thread thread;
	pid_t pid = start_target(nothing, NULL);

	must_be(wait_state(pid, "Z"), "the target does not die");
	must(compel_seize(&thread, pid));
	check(tap, thread.state == COMPEL_DEAD, "a zombie is seen as dead");
	must(compel_wait(&thread));
	must(compel_detach(&thread, false));
	reap(pid);
	must(compel_seize(&thread, pid));
	check(tap, thread.state == COMPEL_DEAD, "so is a process that is gone");
	pid = start_sleeper();
	must(compel_seize(&thread, pid));
	kill(pid, SIGKILL);
	must(compel_wait(&thread));
	must(compel_detach(&thread, false));
	check(tap, true, "and one that dies while it is waited for");
	waitpid(pid, NULL, 0);
}

static int parent_in_vfork(void *argument)
{
	int ms = *(int *)argument;

	if (vfork() == 0) {
		struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

		nanosleep(&time, NULL);
		_exit(0);
	}
	while (pause() < 0)
		;
	return 0;
}

static void in_vfork(struct tap *tap)
{
	struct compel_thread thread;
	struct error *error;
	double start = seconds();
	int ms = 3000;
	pid_t pid = start_target(parent_in_vfork, &ms);

	must_be(wait_state(pid, "D"), "the target does not get into vfork");
	must(compel_seize(&thread, pid));
	error = compel_wait(&thread);
	check(tap, error && error->number == ETIMEDOUT && strstr(error->message, "vfork") && error->hint,
	      "a parent in vfork is given up: %s", error ? error->message : "not an error");
	check(tap, seconds() - start < 2.5, "after a second");
	error_free(error);
	start = seconds();
	error = compel_detach(&thread, false);
	check(tap, error && seconds() - start < 0.5, "letting it go fails too, at once");
	error_free(error);
	must_be(wait_state(pid, "t"), "the target does not stop");
	must(compel_wait(&thread));
	visit_stopped(&thread);
	must(compel_detach(&thread, false));
	check(tap, wait_state(pid, "S"), "when the child is gone, it is taken");
	kill_target(pid);
	ms = 300;
	pid = start_target(parent_in_vfork, &ms);
	must_be(wait_state(pid, "D"), "the target does not get into vfork");
	visit(pid);
	check(tap, true, "a short vfork is waited for");
	kill_target(pid);
}

/* A filter that permits everything: its presence is enough to be refused. */
static void install_filter(void)
{
	struct sock_filter filter[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	must_be(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, "seccomp");
}

static int filtered(void *argument)
{
	install_filter();
	return sleep_for_ever(argument);
}

static int visit_under_filter(void *argument)
{
	struct compel_thread thread;
	struct compel_agent *agent;
	pid_t pid = *(pid_t *)argument;
	struct error *error;
	int status = 1;

	install_filter();
	must(compel_seize(&thread, pid));
	must(compel_wait(&thread));
	error = compel_infect(&thread, 4096, &agent);
	if (error && error->number == EPERM && strstr(error->message, "seccomp") && error->hint)
		status = 0;
	printf("# %s\n", error ? error->message : "not an error");
	fflush(stdout);
	must(compel_detach(&thread, false));
	return status;
}

static void under_seccomp(struct tap *tap)
{
	pid_t pid = start_target(filtered, NULL);

	must_be(wait_state(pid, "S"), "the target does not sleep");
	check(tap, reap(start_target(visit_under_filter, &pid)) == 0,
	      "seccomp that we may not suspend is refused");
	sleep_ms(5);
	check(tap, state_of(pid) == 'S', "and the target goes on");
	kill_target(pid);
}

static int limited(void *argument)
{
	struct rlimit { unsigned long soft, hard; } limit = { 1 << 20, 1 << 20 };

	if (syscall(SYS_prlimit64, 0, 9 /* RLIMIT_AS */, &limit, NULL) < 0)
		return 1;
	return sleep_for_ever(argument);
}

static void no_room(struct tap *tap)
{
	struct compel_thread thread;
	struct compel_agent *agent;
	struct error *error;
	pid_t pid = start_target(limited, NULL);

	must_be(wait_state(pid, "S"), "the target does not sleep");
	must(compel_seize(&thread, pid));
	must(compel_wait(&thread));
	error = compel_infect(&thread, 4096, &agent);
	check(tap, error && error->number == ENOMEM && error->hint, "a full address space is reported: %s",
	      error ? error->message : "not an error");
	error_free(error);
	must(compel_detach(&thread, false));
	check(tap, wait_state(pid, "S"), "and the target goes on");
	kill_target(pid);
}

static void failing_calls(struct tap *tap)
{
	batch_cleanup struct batch batch = {};
	struct compel_thread thread;
	struct compel_agent *agent;
	struct error *error;
	pid_t pid = start_sleeper();
	size_t first, second, third, fourth;

	must(compel_seize(&thread, pid));
	must(compel_wait(&thread));
	must(compel_infect(&thread, 4096, &agent));
	first = batch_call_flags(&batch, "bad descriptor", SYS_close, REMOTE_MAY_FAIL, 12345);
	second = batch_call_flags(&batch, "skipped", SYS_getpid, REMOTE_SKIP_IF_FAILED);
	third = batch_call(&batch, "nice name", SYS_close, 12345);
	fourth = batch_call(&batch, "never reached", SYS_getpid);
	error = batch_run(agent, &(struct compel_thread *){ &thread }, &(struct batch *){ &batch }, 1);
	check(tap, error && error->number == EBADF && strstr(error->message, "nice name") && strstr(error->detail, "close"),
	      "a call that fails in a batch is reported: %s (%s)", error ? error->message : "not an error",
	      error ? error->detail : "");
	check(tap, batch_result(&batch, first) == -EBADF && batch_result(&batch, second) == -EBADF &&
		      batch_result(&batch, third) == -EBADF && batch_result(&batch, fourth) == 0 && batch.failed == 3,
	      "and those before and after it are as they should be");
	error_free(error);
	batch_clear(&batch);
	batch_data(&batch, NULL, 100000);
	error = batch_run(agent, &(struct compel_thread *){ &thread }, &(struct batch *){ &batch }, 1);
	check(tap, error != NULL, "a batch that is too big is refused: %s", error ? error->message : "not an error");
	error_free(error);
	must(compel_cure(agent));
	must(compel_detach(&thread, false));
	kill_target(pid);
}

static void memory(struct tap *tap)
{
	char *area = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), copy[3 * 4096];
	struct error *error;
	pid_t pid;

	memset(area, 'a', 3 * 4096);
	mprotect(area + 4096, 4096, PROT_NONE);
	mprotect(area + 8192, 4096, PROT_READ);
	pid = start_sleeper();
	must(compel_read(pid, remote((uint64_t)area), copy, sizeof(copy)));
	check(tap, copy[0] == 'a' && copy[5000] == 'a' && copy[12287] == 'a', "memory without permissions can be read");
	memset(copy, 'b', sizeof(copy));
	must(compel_write(pid, remote((uint64_t)area), copy, sizeof(copy)));
	memset(copy, 0, sizeof(copy));
	must(compel_read(pid, remote((uint64_t)area), copy, sizeof(copy)));
	check(tap, copy[0] == 'b' && copy[5000] == 'b' && copy[12287] == 'b', "and written");
	munmap(area, 3 * 4096);
	error = compel_read(pid, remote(4096), copy, 100);
	check(tap, error != NULL, "memory that is not there is an error: %s", error ? error->message : "not an error");
	error_free(error);
	kill_target(pid);
}

int main(void)
{
	struct tap tap = {};

	traced(&tap);
	dead(&tap);
	in_vfork(&tap);
	under_seccomp(&tap);
	no_room(&tap);
	failing_calls(&tap);
	memory(&tap);
	return finish(&tap);
}
