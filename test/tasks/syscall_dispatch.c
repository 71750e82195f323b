// SPDX-License-Identifier: GPL-2.0
/* Syscall user dispatch: a thread whose selector says "block" gets SIGSYS for its calls, before and after. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif
enum { ALLOW, BLOCK };

static volatile char selector, thread_selector;
static __thread volatile char *mine = &selector;
static volatile int caught, number, ready, go_on;

/* Runs with the selector at "allow": its own calls must pass. */
static void handler(int signal, siginfo_t *info, void *context)
{
	*mine = ALLOW;
	caught++;
	number = info->si_syscall;
}

/* Spins with all calls blocked, so that the checkpoint finds it so. */
static void *blocked(void *unused)
{
	must(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &thread_selector));
	mine = &thread_selector;
	thread_selector = BLOCK;
	ready = 1;
	while (!go_on)
		;
	syscall(SYS_getppid);
	check_equal(caught, 2);
	check_equal(number, SYS_getppid);
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	pthread_t id;

	if (!linux_is_at_least(6, 4))
		skip("this kernel cannot suspend it for a tracer: see dispatch_unknown");
	must(sigaction(SIGSYS, &action, NULL));
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector) < 0)
		skip("this kernel has no syscall user dispatch");
	must(-pthread_create(&id, NULL, blocked, NULL));
	wait_for(ready);

	checkpoint();

	selector = BLOCK;
	syscall(SYS_getpgid, 0);
	check_equal(caught, 1);
	check_equal(number, SYS_getpgid);
	check_equal(syscall(SYS_getpid), getpid());
	go_on = 1;
	pthread_join(id, NULL);
	return finish();
}
