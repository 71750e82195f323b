// SPDX-License-Identifier: GPL-2.0
// refused: it uses syscall user dispatch
/* Syscall user dispatch where the kernel (before Linux 6.4) cannot suspend it for a tracer: nothing of it is lost. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif
enum { ALLOW, BLOCK };

static volatile char selector;
static volatile int caught, ready, go_on;

static void handler(int signal, siginfo_t *info, void *context)
{
	selector = ALLOW;
	caught++;
}

static void *blocked(void *unused)
{
	must(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector));
	selector = BLOCK;
	ready = 1;
	while (!go_on)
		;
	check_equal(caught, 0);
	syscall(SYS_getppid);
	check_equal(caught, 1);
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	pthread_t id;

	if (linux_is_at_least(6, 4))
		skip("this kernel can suspend it for a tracer");
	must(sigaction(SIGSYS, &action, NULL));
	must(-pthread_create(&id, NULL, blocked, NULL));
	wait_for(ready);
	checkpoint();
	go_on = 1;
	pthread_join(id, NULL);
	return finish();
}
