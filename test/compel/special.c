// SPDX-License-Identifier: GPL-2.0
/* Targets in special circumstances: seccomp, syscall user dispatch, restartable sequences,
 * memory policies, no vdso, a user of the arena's neighbourhood. */
#include "rseq.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

struct scene {
	volatile int ready, go, stop;
	volatile uint64_t commits, aborts, inside;
	int pipe_fds[2];
};

static pid_t start(struct scene **scene, int (*body)(void *), const char *states)
{
	pid_t pid;

	*scene = share(sizeof(**scene));
	must_be(pipe((*scene)->pipe_fds) == 0, "pipe");
	pid = start_target(body, *scene);
	must_be(wait_value(&(*scene)->ready, 1) && wait_state(pid, states), "the target does not get into its state");
	return pid;
}

static void visit_namespaced(pid_t pid)
{
	batch_cleanup struct batch batch = {};
	struct compel_thread thread;
	struct compel_agent *agent;
	size_t call;

	must(compel_seize(&thread, pid));
	must(compel_wait(&thread));
	must(compel_infect(&thread, 4096, &agent));
	call = batch_call(&batch, "pid", SYS_getpid);
	must(batch_run(agent, &(struct compel_thread *){ &thread }, &(struct batch *){ &batch }, 1));
	must_be(batch_result(&batch, call) == 1, "pid in the namespace");
	must(compel_cure(agent));
	must(compel_detach(&thread, false));
}

static int read_then_exit_first(void *argument)
{
	struct scene *scene = argument;
	char byte;

	return read(scene->pipe_fds[0], &byte, 1) == 1 ? 0 : 1;
}

static void exit_raw(int status)
{
	syscall(SYS_exit, status);
}

static int read_then_exit(struct scene *scene)
{
	char byte;

	scene->ready = 1;
	exit_raw(syscall(SYS_read, scene->pipe_fds[0], &byte, 1) == 1 ? 0 : 1);
	return 1;
}

static int strict(void *argument)
{
	if (syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0)
		return 2;
	return read_then_exit(argument);
}

/* Kills on everything but read, exit and what restarts a call. */
static int filtered(void *argument)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_restart_syscall, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return 2;
	return read_then_exit(argument);
}

static void seccomp(struct tap *tap, const char *name, int (*body)(void *))
{
	struct scene *scene;
	pid_t pid = start(&scene, body, "S");

	for (unsigned i = 0; i < 20; i++)
		visit(pid);
	sleep_ms(2);
	check(tap, state_of(pid) == 'S', "%s: visited", name);
	must_be(write(scene->pipe_fds[1], "x", 1) == 1, "write");
	check(tap, reap(pid) == 0, "%s: goes on and ends well", name);
}

/* The filter is in force again afterwards: strict mode kills on getppid. */
static int strict_then_forbidden(void *argument)
{
	struct scene *scene = argument;
	char byte;

	if (syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0)
		return 2;
	scene->ready = 1;
	if (syscall(SYS_read, scene->pipe_fds[0], &byte, 1) == 1)
		syscall(SYS_getppid);
	return 0;
}

static void seccomp_afterwards(struct tap *tap)
{
	struct scene *scene;
	pid_t pid = start(&scene, strict_then_forbidden, "S");

	visit(pid);
	must_be(write(scene->pipe_fds[1], "x", 1) == 1, "write");
	check(tap, reap(pid) == 1000 + SIGKILL, "seccomp is in force again after a visit");
}

static volatile unsigned char selector;

static void on_sys(int signal, siginfo_t *info, void *context)
{
	selector = 0; /* SYSCALL_DISPATCH_FILTER_ALLOW */
}

/* Every system call is turned into a signal while the selector says so. */
static int dispatched(void *argument)
{
	struct scene *scene = argument;
	struct sigaction action = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &action, NULL);
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector) < 0)
		return 2;
	selector = 1; /* SYSCALL_DISPATCH_FILTER_BLOCK */
	scene->ready = 1;
	while (!scene->go)
		;
	if (selector != 1)
		return 3;
	syscall(SYS_getppid); /* still dispatched? */
	return selector == 0 ? 0 : 4;
}

static void dispatch(struct tap *tap)
{
	struct scene *scene;
	pid_t pid = start(&scene, dispatched, "R");
	int status;

	for (unsigned i = 0; i < 20; i++)
		visit(pid);
	scene->go = 1;
	status = reap(pid);
	check(tap, status == 0, "syscall user dispatch does not notice, and works afterwards (%d)", status);
}

/* A long restartable section: counts up a register, then commits by one store. */
static bool section(struct rseq *rseq, volatile uint64_t *commits, volatile uint64_t *inside)
{
	uint64_t turns = 3000000;

	__asm__ goto volatile(".pushsection __rseq_cs, \"aw\"\n\t"
			      ".balign 32\n"
			      "3:\n\t"
			      ".long 0, 0\n\t"
			      ".quad 1f, (2f - 1f), 4f\n\t"
			      ".popsection\n\t"
			      "leaq 3b(%%rip), %%rax\n\t"
			      "movq %%rax, %0\n"
			      "1:\n\t"
			      "movl $1, (%3)\n\t"
			      "movq %1, %%rcx\n"
			      "5: subq $1, %%rcx\n\t"
			      "jnz 5b\n\t"
			      "addq $1, (%2)\n"
			      "2:\n\t"
			      ".pushsection __rseq_failure, \"ax\"\n\t"
			      ".long 0x53053053\n"
			      "4:\n\t"
			      "jmp %l[aborted]\n\t"
			      ".popsection"
			      :
			      : "m"(rseq->rseq_cs), "r"(turns), "r"(commits), "r"(inside)
			      : "rax", "rcx", "memory"
			      : aborted);
	*inside = 0;
	return true;
aborted:
	*inside = 0;
	return false;
}

static int in_sections(void *argument)
{
	static struct rseq own __attribute__((aligned(32)));
	struct scene *scene = argument;

	forget_rseq();
	if (syscall(SYS_rseq, &own, sizeof(own), 0, 0x53053053) < 0)
		return 3;
	scene->ready = 1;
	while (!scene->stop)
		if (!section(&own, &scene->commits, &scene->inside))
			scene->aborts++;
	return 0;
}

/* A visit while the thread is in its section must abort the section, as any preemption does. */
static void rseq(struct tap *tap)
{
	struct scene *scene;
	pid_t pid = start(&scene, in_sections, "R");
	unsigned hits = 0, missed = 0;
	int status;

	for (unsigned i = 0; i < 200 && hits < 50 && missed < 3; i++) {
		struct compel_thread thread;
		uint64_t aborts, commits;

		must(compel_seize(&thread, pid));
		must(compel_wait(&thread));
		aborts = scene->aborts;
		commits = scene->commits;
		if (!scene->inside || (visit_stopped(&thread), thread.rseq_section == 0)) {
			must(compel_detach(&thread, false));
			continue;
		}
		hits++;
		must(compel_detach(&thread, false));
		for (unsigned ms = 0; ms < 2000 && scene->aborts == aborts && scene->commits == commits; ms++)
			sleep_ms(1);
		missed += scene->aborts == aborts;
	}
	scene->stop = 1;
	status = reap(pid);
	check(tap, status == 0 && hits >= 10 && missed == 0, "restartable sections are aborted by a visit (%u visits inside, %u went on)", hits,
	      missed);
}

static int no_write_and_execute(void *argument)
{
	struct scene *scene = argument;

	scene->go = prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0) == 0 ? 1 : 0;
	scene->ready = 1;
	while (pause() < 0)
		;
	return 0;
}

static void memory_policy(struct tap *tap)
{
	struct scene *scene;
	pid_t pid = start(&scene, no_write_and_execute, "S");

	if (!scene->go) {
		check(tap, true, "memory that denies write and execute # SKIP the kernel does not know it");
	} else {
		cleanup_free char *before = NULL, *after = NULL;
		char path[64];
		size_t length;

		snprintf(path, sizeof(path), "/proc/%d/maps", pid);
		must(read_file_at(AT_FDCWD, path, &before, &length));
		for (unsigned i = 0; i < 10; i++)
			visit(pid);
		must(read_file_at(AT_FDCWD, path, &after, &length));
		check(tap, strcmp(before, after) == 0, "a process that denies memory to write and execute is visited");
	}
	kill_target(pid);
}

static int hermit(void *argument)
{
	struct scene *scene = argument;
	unsigned char *page = mmap((void *)0x20000000, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	memset(page, 0x90, 64);
	page[32] = 0xeb; /* jmp to the beginning */
	page[33] = 0xde;
	scene->ready = 1;
	((void (*)(void))page)();
	return 0;
}

/* Takes everything away from a process but the page it runs in. */
static void strip(pid_t pid)
{
	const uint64_t page = 0x20000000, end = 0x7ffffffff000;
	struct compel_thread thread;
	uint64_t vdso, vdso_end;
	int64_t result;

	must(compel_seize(&thread, pid));
	must(compel_wait(&thread));
	must(compel_syscall(&thread, SYS_set_robust_list, (uint64_t[6]){ 0, 24 }, &result));
	must(compel_syscall(&thread, SYS_set_tid_address, (uint64_t[6]){ 0 }, &result));
	must(compel_syscall(&thread, SYS_rseq,
			    (uint64_t[6]){ thread.registers.fs_base + (uint64_t)__rseq_offset, 32, RSEQ_FLAG_UNREGISTER,
					   0x53053053 }, &result));
	thread.rseq_section = 0;
	vdso = thread.syscall_at & ~UINT64_C(4095);
	vdso_end = vdso + 8192; /* it cannot be split */
	must(compel_syscall(&thread, SYS_munmap, (uint64_t[6]){ 0, page }, &result));
	must(compel_syscall(&thread, SYS_munmap, (uint64_t[6]){ page + 4096, vdso - page - 4096 }, &result));
	must(compel_syscall(&thread, SYS_munmap, (uint64_t[6]){ vdso_end, end - vdso_end }, &result));
	must(compel_syscall(&thread, SYS_munmap, (uint64_t[6]){ vdso, 8192 }, &result));
	must_be(result == 0, "munmap");
	must(compel_detach(&thread, false));
}

static void without_instruction(struct tap *tap)
{
	unsigned char before[64], after[64];
	struct scene *scene;
	pid_t pid = start(&scene, hermit, "R");

	sleep_ms(5);
	strip(pid);
	must(compel_read(pid, remote(0x20000000), before, sizeof(before)));
	for (unsigned i = 0; i < 100; i++)
		visit(pid);
	must(compel_read(pid, remote(0x20000000), after, sizeof(after)));
	check(tap, memcmp(before, after, sizeof(before)) == 0 && state_of(pid) == 'R',
	      "a process without vdso and system call instruction is visited");
	kill_target(pid);
}

/* The first process of a pid namespace ignores what it does not handle, SIGSTOP too. */
static int be_first(void *argument)
{
	pid_t pid;

	must_be(unshare(CLONE_NEWPID) == 0, "unshare");
	pid = start_target(read_then_exit_first, argument);
	((struct scene *)argument)->go = pid;
	((struct scene *)argument)->ready = 1;
	return reap(pid);
}

static void first_of_namespace(struct tap *tap)
{
	struct scene *scene;
	pid_t pid = start(&scene, be_first, "S");

	must_be(wait_state(scene->go, "S"), "the target does not sleep");
	for (unsigned i = 0; i < 20; i++)
		visit_namespaced(scene->go);
	must_be(write(scene->pipe_fds[1], "x", 1) == 1, "write");
	check(tap, reap(pid) == 0, "the first process of a pid namespace is visited");
}

int main(void)
{
	struct tap tap = {};

	seccomp(&tap, "seccomp strict", strict);
	seccomp(&tap, "seccomp filter", filtered);
	seccomp_afterwards(&tap);
	dispatch(&tap);
	rseq(&tap);
	memory_policy(&tap);
	without_instruction(&tap);
	first_of_namespace(&tap);
	return finish(&tap);
}
