// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that share the memory of their parent (CLONE_VM) and are no threads, with and without its signal actions,
 * descriptors and directories; one of them has a thread, one has a child in the same memory.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WITH_ACTIONS, ALONE, WITH_FILES, INNER, KINDS, HIGH = 70 };

/* They have no thread-local storage of their own, so that errno is not theirs: bare system calls. */
static long call(long number, long a, long b, long c, long d)
{
	register long fourth __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
			 : "rcx", "r11", "memory");
	return result;
}

static volatile struct sharer {
	pid_t pid, parent;
	int ready, finished, wrong; /* wrong: line of the first check that failed */
	int thread_ready, thread_finished;
} sharers[KINDS];

static volatile int go_on, counter;

static void expect(volatile struct sharer *self, int line, int holds)
{
	if (!holds && !self->wrong)
		self->wrong = line;
}
#define expect(self, holds) expect(self, __LINE__, holds)

static void wait_until(volatile int *word)
{
	struct timespec nap = { .tv_nsec = 2000000 };

	while (!*word)
		call(SYS_nanosleep, (long)&nap, 0, 0, 0);
}

static void wait_here(volatile int *ready)
{
	*ready = 1;
	wait_until(&go_on);
}

/* The signal action's handler as the kernel has it. */
static long handler_of(int signo)
{
	struct {
		long handler, flags, restorer, mask;
	} action = { 0 };

	call(SYS_rt_sigaction, signo, 0, (long)&action, 8);
	return action.handler;
}

static void set_handler(int signo, long handler)
{
	struct {
		long handler, flags, restorer, mask;
	} action = { .handler = handler };

	call(SYS_rt_sigaction, signo, (long)&action, 0, 8);
}

static void end(volatile struct sharer *self, int code)
{
	expect(self, call(SYS_getpid, 0, 0, 0, 0) == self->pid);
	expect(self, call(SYS_getppid, 0, 0, 0, 0) == self->parent);
	__atomic_add_fetch(&counter, 1, __ATOMIC_SEQ_CST);
	self->finished = 1;
	call(SYS_exit_group, code, 0, 0, 0);
}

static int thread(void *unused)
{
	call(SYS_prctl, PR_SET_NAME, (long)"its-thread", 0, 0);
	wait_here(&sharers[WITH_ACTIONS].thread_ready);
	sharers[WITH_ACTIONS].thread_finished = 1;
	for (;;)
		call(SYS_pause, 0, 0, 0, 0);
	return 0;
}

static char *new_stack(void)
{
	return (char *)must(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) + 65536;
}

static char *thread_stack, *inner_stack;

static int with_actions(void *self)
{
	must(clone(thread, thread_stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL));
	call(SYS_prctl, PR_SET_NAME, (long)"with-actions", 0, 0);
	wait_here(&sharers[WITH_ACTIONS].ready);
	expect(self, handler_of(SIGUSR1) == (long)SIG_IGN);
	set_handler(SIGUSR2, (long)SIG_IGN); /* the others see it */
	wait_until(&sharers[WITH_ACTIONS].thread_finished);
	end(self, 3);
	return 0;
}

/* Table, directories, group and actions of its own. */
static int alone(void *self)
{
	struct itimerval timer = { .it_value = { .tv_sec = 1000 } }, left = { 0 };
	char cwd[64] = "";

	call(SYS_setpgid, 0, 0, 0, 0);
	call(SYS_dup3, 0, HIGH, O_CLOEXEC, 0);
	call(SYS_close, 0, 0, 0, 0);
	call(SYS_chdir, (long)"/", 0, 0, 0);
	call(SYS_umask, 0123, 0, 0, 0);
	call(SYS_setitimer, ITIMER_REAL, (long)&timer, 0, 0);
	set_handler(SIGUSR1, (long)SIG_DFL);
	set_handler(SIGHUP, (long)SIG_IGN);
	call(SYS_setresgid, 12, 13, 14, 0);
	wait_here(&sharers[ALONE].ready);
	expect(self, handler_of(SIGUSR1) == (long)SIG_DFL && handler_of(SIGHUP) == (long)SIG_IGN);
	expect(self, call(SYS_fcntl, HIGH, F_GETFD, 0, 0) == FD_CLOEXEC);
	expect(self, call(SYS_fcntl, 0, F_GETFD, 0, 0) == -EBADF);
	expect(self, call(SYS_getcwd, (long)cwd, sizeof(cwd), 0, 0) == 2 && cwd[0] == '/');
	expect(self, call(SYS_umask, 0, 0, 0, 0) == 0123);
	expect(self, call(SYS_getpgid, 0, 0, 0, 0) == sharers[ALONE].pid);
	call(SYS_getitimer, ITIMER_REAL, (long)&left, 0, 0);
	expect(self, left.it_value.tv_sec > 900);
	end(self, 4);
	return 0;
}

static int inner(void *self)
{
	sharers[INNER].parent = sharers[WITH_FILES].pid;
	wait_here(&sharers[INNER].ready);
	end(self, 6);
	return 0;
}

static int with_files(void *self)
{
	int status = 0;

	call(SYS_prctl, PR_SET_PDEATHSIG, SIGWINCH, 0, 0);
	sharers[INNER].pid = must(clone(inner, inner_stack, CLONE_VM | CLONE_FILES | SIGCHLD, (void *)&sharers[INNER]));
	wait_here(&sharers[WITH_FILES].ready);
	expect(self, call(SYS_wait4, sharers[INNER].pid, (long)&status, 0, 0) == sharers[INNER].pid && status == 6 << 8);
	expect(self, call(SYS_dup2, 1, HIGH + 1, 0, 0) == HIGH + 1); /* its parent has it too */
	call(SYS_prctl, PR_GET_PDEATHSIG, (long)&status, 0, 0);
	expect(self, status == SIGWINCH);
	end(self, 5);
	return 0;
}

static void start(int which, int (*body)(void *), int flags)
{
	char *stack = new_stack();

	sharers[which].parent = getpid();
	sharers[which].pid = must(clone(body, stack, CLONE_VM | flags, (void *)&sharers[which]));
	wait_for(sharers[which].ready);
}

static int is_same(pid_t other, int kind)
{
	return syscall(SYS_kcmp, getpid(), other, kind, 0, 0) == 0;
}

static void check_sharing(int which, int actions, int files, int directories)
{
	pid_t pid = sharers[which].pid;

	check(is_same(pid, KCMP_VM), "%d does not share the memory", which);
	check_equal(is_same(pid, KCMP_SIGHAND), actions);
	check_equal(is_same(pid, KCMP_FILES), files);
	check_equal(is_same(pid, KCMP_FS), directories);
}

static void check_end(int which, int code)
{
	int status = -1;

	check_equal(waitpid(sharers[which].pid, &status, __WALL), sharers[which].pid);
	check(status == code << 8, "%d ended with 0x%x", which, status);
	check(sharers[which].finished && !sharers[which].wrong, "%d: line %d", which, sharers[which].wrong);
}

int main(void)
{
	char *page;

	signal(SIGUSR1, SIG_IGN);
	thread_stack = new_stack();
	inner_stack = new_stack();
	page = must(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	fill_pattern(page, 65536, 7);
	start(WITH_ACTIONS, with_actions, CLONE_SIGHAND | SIGCHLD);
	wait_for(sharers[WITH_ACTIONS].thread_ready);
	start(ALONE, alone, SIGUSR1);
	start(WITH_FILES, with_files, CLONE_FILES | CLONE_FS);
	wait_for(sharers[INNER].ready);

	checkpoint();

	check_pattern(page, 65536, 7);
	check_sharing(WITH_ACTIONS, 1, 0, 0);
	check_sharing(ALONE, 0, 0, 0);
	check_sharing(WITH_FILES, 0, 1, 1);
	check(is_same(sharers[INNER].pid, KCMP_VM));
	check(fcntl(HIGH, F_GETFD) < 0 && fcntl(0, F_GETFD) >= 0, "the other's descriptors are here");
	go_on = 1;
	check_end(WITH_ACTIONS, 3);
	check_end(ALONE, 4);
	check_end(WITH_FILES, 5);
	check_equal(counter, 4);
	check_equal(handler_of(SIGUSR2), (long)SIG_IGN);
	check_equal(handler_of(SIGUSR1), (long)SIG_IGN);
	check_equal(fcntl(HIGH + 1, F_GETFD), 0);
	close(HIGH + 1);
	return finish();
}
