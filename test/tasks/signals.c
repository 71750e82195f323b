// SPDX-License-Identifier: GPL-2.0
/* Signal actions with their flags and masks, and the mask of each thread. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

static volatile int handled;
static volatile int thread_ready;
static volatile int thread_go;

static void plain(int signal)
{
	handled = signal;
}

static void with_info(int signal, siginfo_t *info, void *context)
{
	handled = signal + 1000;
}

static void set_action(int signal, void (*handler)(int), int flags, int masked)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	if (masked)
		sigaddset(&action.sa_mask, masked);
	must(sigaction(signal, &action, NULL));
}

static void check_action(int signal, void (*handler)(int), int flags, int masked)
{
	struct sigaction action;
	int other;

	must(sigaction(signal, NULL, &action));
	check(action.sa_handler == handler, "handler of %d", signal);
	check_equal(action.sa_flags & ~0x04000000, flags);
	for (other = 1; other < 65; other++)
		if (other != 32 && other != 33)
			check(sigismember(&action.sa_mask, other) == (other == masked), "mask of %d has %d", signal,
			      other);
}

static void *thread(void *unused)
{
	sigset_t set, now;

	sigfillset(&set);
	sigdelset(&set, SIGTERM);
	must(-pthread_sigmask(SIG_SETMASK, &set, NULL));
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	thread_ready = 1;
	while (!thread_go)
		sleep_milliseconds(2);
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	check(memcmp(&now, &set, 8) == 0);
	check(!sigismember(&now, SIGTERM) && sigismember(&now, SIGHUP));
	return NULL;
}

int main(void)
{
	pthread_t id;
	sigset_t blocked, now;

	set_action(SIGUSR1, plain, SA_RESTART | SA_NODEFER, SIGALRM);
	set_action(SIGUSR2, (void *)with_info, SA_SIGINFO | SA_ONSTACK, SIGRTMIN + 3);
	set_action(SIGCHLD, plain, SA_NOCLDSTOP | SA_NOCLDWAIT, 0);
	set_action(SIGRTMIN, plain, 0, SIGRTMAX);
	set_action(SIGRTMAX, plain, 0, 0);
	set_action(SIGHUP, SIG_IGN, 0, 0);
	set_action(SIGPIPE, SIG_IGN, SA_RESTART, 0);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGRTMIN + 5);
	must(sigprocmask(SIG_SETMASK, &blocked, NULL));
	must(-pthread_create(&id, NULL, thread, NULL));
	wait_for(thread_ready);

	checkpoint();

	check_action(SIGUSR1, plain, SA_RESTART | SA_NODEFER, SIGALRM);
	check_action(SIGUSR2, (void *)with_info, SA_SIGINFO | SA_ONSTACK, SIGRTMIN + 3);
	check_action(SIGCHLD, plain, SA_NOCLDSTOP | SA_NOCLDWAIT, 0);
	check_action(SIGRTMIN, plain, 0, SIGRTMAX);
	check_action(SIGRTMAX, plain, 0, 0);
	check_action(SIGHUP, SIG_IGN, 0, 0);
	check_action(SIGTERM, SIG_DFL, 0, 0);
	check_equal(handled, 0); /* nothing came while we were away, above all no SIGCHLD */
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	check(memcmp(&now, &blocked, 8) == 0);
	raise(SIGUSR1);
	check_equal(handled, SIGUSR1);
	raise(SIGUSR2);
	check_equal(handled, SIGUSR2 + 1000);
	thread_go = 1;
	pthread_join(id, NULL);
	return finish();
}
