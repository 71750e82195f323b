// SPDX-License-Identifier: GPL-2.0
/* Signals that wait while blocked: of the process and of a thread, with their values, in order. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile pid_t thread_id;
static volatile int go_on;
static pid_t sender;

static sigset_t ours(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGRTMIN + 1);
	return set;
}

static void expect(int signal, int code, int value)
{
	sigset_t set = ours();
	struct timespec none = { 0, 0 };
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	/* The C library's sigtimedwait() hides SI_TKILL. */
	if (!check(syscall(SYS_rt_sigtimedwait, &set, &info, &none, 8) == signal, "%d instead of %d: %s", info.si_signo, signal,
		   strerror(errno)))
		return;
	check_equal(info.si_code, code);
	check_equal(info.si_pid, sender);
	check_equal(info.si_uid, getuid());
	if (code == SI_QUEUE)
		check_equal(info.si_value.sival_int, value);
}

static void queue_to_thread(int signal, int value)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = signal;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = value;
	must(syscall(SYS_rt_tgsigqueueinfo, getpid(), thread_id, signal, &info));
}

static void *thread(void *unused)
{
	thread_id = gettid();
	while (!go_on)
		sleep_milliseconds(2);
	/* A thread takes its own before those of the process, lowest number first. */
	expect(SIGUSR2, SI_TKILL, 0);
	expect(SIGRTMIN, SI_QUEUE, 500);
	expect(SIGRTMIN, SI_QUEUE, 501);
	return NULL;
}

int main(void)
{
	sigset_t set = ours(), pending;
	pthread_t id;
	int i;

	sender = getpid();
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(-pthread_create(&id, NULL, thread, NULL));
	wait_for(thread_id);
	queue_to_thread(SIGRTMIN, 500);
	queue_to_thread(SIGRTMIN, 501);
	must(syscall(SYS_tgkill, getpid(), thread_id, SIGUSR2));
	must(kill(getpid(), SIGUSR1));
	for (i = 0; i < 20; i++)
		must(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 100 + i }));
	must(sigqueue(getpid(), SIGTERM, (union sigval){ .sival_int = -5 }));

	checkpoint();

	must(sigpending(&pending));
	check(sigismember(&pending, SIGUSR1) && !sigismember(&pending, SIGUSR2));
	go_on = 1;
	pthread_join(id, NULL);
	expect(SIGUSR1, SI_USER, 0);
	expect(SIGTERM, SI_QUEUE, -5);
	for (i = 0; i < 20; i++)
		expect(SIGRTMIN + 1, SI_QUEUE, 100 + i);
	must(sigpending(&pending));
	check(sigisemptyset(&pending), "more is pending than was");
	return finish();
}
